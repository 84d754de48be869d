function(trowel_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes
    -Wmissing-prototypes -Wundef -Wvla -Wformat=2)
  if(TROWEL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(TROWEL_FUZZ) # all of it must tell libFuzzer where it goes, not the targets alone
    target_compile_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
  if(TROWEL_SANITIZE)
    # At -O1, less is known of values: a text that -O2 proves to fit might not.
    if(CMAKE_C_COMPILER_ID STREQUAL GNU)
      target_compile_options(${target} PRIVATE -Wno-format-truncation)
    endif()
    target_compile_options(${target} PUBLIC -fsanitize=${TROWEL_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${TROWEL_SANITIZE})
    if(TROWEL_SANITIZE MATCHES "undefined")
      target_compile_options(${target} PUBLIC -fno-sanitize-recover=undefined)
    endif()
  endif()
endfunction()
