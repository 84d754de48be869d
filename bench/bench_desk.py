#!/usr/bin/python3
"""bench_desk.py BUILD RECORDINGS [--finds 100000] [--seconds 60] [--keys jkJaxu]
                                  [--busy]

The workstation with a large project: from its launch to the last byte of the first whole
library screen, the middle of five; then while it mines RECORDINGS (a folder): keys all the
while, from key to the first byte on the terminal, and the slowest ones with what the
screen's thread did meanwhile. Halfway one source is mined again; it is left in the end.
With --busy another program writes files of a gigabyte, one after the other, to the same
disk while the keys come.
A busy machine shows in 'waited for a processor'."""
import argparse
import fcntl
import json
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

options = argparse.ArgumentParser(description=__doc__)
options.add_argument('build')
options.add_argument('recordings')
options.add_argument('--finds', type=int, default=100000)
options.add_argument('--seconds', type=float, default=60)
options.add_argument('--keys', default='jkJaxu')
options.add_argument('--gap', type=float, default=.03)
options.add_argument('--busy', action='store_true')
o = options.parse_args()


class Desk:
    """The program on a terminal of its own."""

    def __init__(self, command):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 112, 0, 0))
            os.environ.update(TERM='xterm-256color', LC_ALL='C.UTF-8')
            os.execvp(command[0], command)
        self.launched = time.perf_counter()

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return None
        try:
            return os.read(self.fd, 1 << 16)
        except OSError:
            return b''

    def cpu_ms(self):
        """Of the screen's thread: at work, and waiting for a processor."""
        with open(f'/proc/{self.pid}/task/{self.pid}/schedstat') as f:
            return [int(x) / 1e6 for x in f.read().split()[:2]]

    def first_screen_ms(self):
        seen = b''
        while b'near misses' not in seen or b' help' not in seen:
            more = self.read(20)
            if not more:
                sys.exit('the program ended: ' + seen.decode(errors='replace'))
            seen += more
        return (time.perf_counter() - self.launched) * 1e3

    def key(self, key, patience=5):
        while self.read(0):
            pass
        before, begin = self.cpu_ms(), time.perf_counter()
        os.write(self.fd, key.encode())
        answered = self.read(patience)
        ms = (time.perf_counter() - begin) * 1e3
        after = self.cpu_ms()
        return ms if answered else patience * 1e3, after[0] - before[0], after[1] - before[1]

    def leave(self):
        begin = time.perf_counter()
        os.write(self.fd, b'Q')
        time.sleep(.2)
        os.write(self.fd, b'y')
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            self.read(.02)
        os.close(self.fd)
        return time.perf_counter() - begin


def write_without_end(folder):
    """In a process of its own, until it is killed."""
    pid = os.fork()
    while pid == 0:
        with open(f'{folder}/busy', 'wb') as f:
            for _ in range(1024):
                f.write(bytes(1 << 20))
    return pid


def share(values, part):
    return round(values[min(len(values) - 1, int(part * len(values)))], 1)


folder = tempfile.mkdtemp(prefix='trowel-desk-')
recordings = os.path.abspath(o.recordings)
subprocess.run([f'{o.build}/bench/bench_catalog', '--project', folder, recordings,
                str(o.finds)], check=True)
command = [f'{o.build}/trowel', '--no-audio', f'{folder}/LARGE']
starts = []
for launch in range(5):
    desk = Desk(command)
    starts.append(desk.first_screen_ms())
    if launch < 4:
        desk.leave()
writer = write_without_end(folder) if o.busy else 0
again = ':mine ' + os.path.splitext(sorted(os.listdir(recordings))[0])[0] + '\r'
keys, begin, number = [], time.perf_counter(), 0
while (at := time.perf_counter() - begin) < o.seconds:
    key = o.keys[number % len(o.keys)]
    if again and at > o.seconds / 2:
        key, again = again, ''
    keys.append((*desk.key(key), at, key))
    number += 1
    time.sleep(o.gap)
left = desk.leave()
if writer:
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
shutil.rmtree(folder)
times = sorted(k[0] for k in keys)
print(json.dumps(dict(first_screen_ms=round(sorted(starts)[2]), keys=len(times),
                      p50=share(times, .5), p95=share(times, .95), p99=share(times, .99),
                      worst=share(times, 1), quit_s=round(left, 2))))
for ms, worked, waited, at, key in sorted(keys, reverse=True)[:8]:
    print(f'  {ms:7.1f} ms at {at:5.1f} s, key {key!r}: worked {worked:.1f} ms, '
          f'waited for a processor {waited:.1f} ms')
