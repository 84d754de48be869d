# bash completion for trowel; made from the tables by test_docs --write
_trowel() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local options pipelines='process textures drums silences curate format dust clouds report analyze index validate all demo'
    COMPREPLY=()
    if [ "${COMP_WORDS[1]}" != --batch ] || [ "$COMP_CWORD" = 1 ]; then
        case $cur in
        -*) COMPREPLY=($(compgen -W '--batch --no-audio --help --version' -- "$cur")) ;;
        *) COMPREPLY=($(compgen -d -- "$cur")) ;;
        esac
        return
    fi
    if [ "$COMP_CWORD" = 2 ]; then
        COMPREPLY=($(compgen -W "$pipelines --help" -- "$cur"))
        return
    fi
    case ${prev//-/_} in
    __*_dir | __*_root | __export | __project)
        COMPREPLY=($(compgen -d -- "$cur")); return ;;
    __source | __config | __decisions | __output)
        COMPREPLY=($(compgen -f -- "$cur")); return ;;
    esac
    case ${COMP_WORDS[2]} in
    process) options='--input_dir --project_name --stages --recursive --resume --force --shard --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    textures) options='--all --mine_pads --make_drones --make_clouds --make_hiss --project_name --resume --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    drums) options='--source --export --norm_db --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    silences) options='--source --export --norm_db --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    curate) options='--input_root --output_root --top --force --fail_on_empty --decisions --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    format) options='--input_dir --output_dir --kit_name --force --no_fit --stereo --target --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    dust) options='--pads_dir --hiss_dir --output_dir --mix_db --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    clouds) options='--input_dir --output_dir --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    report) options='--input_dir --output --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    analyze) options='--source --onsets --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    index) options='--project --decisions --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    validate) options='--config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    all) options='--input_dir --project_name --stages --recursive --resume --force --shard --output_root --top --fail_on_empty --decisions --output_dir --kit_name --no_fit --stereo --target --output --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    demo) options='--output_dir --force --config --set --export_root --jobs --seed --dry_run --strict --verbose --quiet --json --help' ;;
    esac
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
}
complete -o filenames -F _trowel trowel
