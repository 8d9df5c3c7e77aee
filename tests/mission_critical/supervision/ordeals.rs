//! Programs that write, eat and break things.

use super::row::Row;

/// What Apex may hold while a program floods it, in mebibytes: far less than the flood.
const MOST: u64 = 80;

pub(super) fn rows() -> Vec<Row> {
    let flood = |name, program| Row::new(name, program).most_mib(MOST).leaves_nothing();
    vec![
        Row::new("reads its input to the end", "assert sys.stdin.read() == ''"),
        flood("writes 64 MiB in lines", "line = b'x' * 79 + b'\\n'\nfor _ in range(8192): os.write(1, line * 102)"),
        flood("writes 64 MiB without a line end", "for _ in range(1024): os.write(1, b'x' * 65536)"),
        flood("writes 64 MiB to its standard error", "for _ in range(1024): os.write(2, b'y' * 65536)"),
        flood("writes 32 MiB to both in turn", "for _ in range(512): os.write(1, b'x' * 65536); os.write(2, b'y' * 65536)"),
        flood("writes 8 MiB of empty lines", "for _ in range(128): os.write(1, b'\\n' * 65536)"),
        flood("writes 16 MiB of random bytes", "for _ in range(256): os.write(1, os.urandom(65536))"),
        flood("writes bytes one by one", "for _ in range(20000): os.write(1, b'.')"),
        Row::new("writes all bytes there are", "os.write(1, bytes(range(256)) * 10)"),
        Row::new("writes to a terminal that is none",
            "os.write(1, b'\\x1b[2J\\x1b]0;owned\\x07\\x1b[31mred\\x1b[?1049h\\x9b31m')")
            .never_says("\u{1b}[2J"),
        Row::new("writes half a character", "os.write(1, b'\\xe2\\x82')"),
        Row::new("floods until its limit", "while True: os.write(1, b'z' * 4096); time.sleep(0.0005)")
            .times_out().most_mib(MOST),
        Row::new("floods when asked to end",
            "def flood(*_):\n    while True: os.write(1, b'z' * 4096); time.sleep(0.0005)\nsignal.signal(signal.SIGTERM, flood)\nforever()")
            .times_out().most_mib(MOST),
        Row::new("closes its outputs and fails", "os.close(1); os.close(2)\ntime.sleep(0.2)\nos._exit(5)")
            .outcome("failed").says("exit code 5"),
        Row::new("closes every descriptor", "os.closerange(0, 64)\ntime.sleep(0.1)\nos._exit(0)"),
        Row::new("removes its folder", "folder = 'gone'\nos.mkdir(folder); os.chdir(folder); os.rmdir('../gone')\nsubprocess.run(['true'])"),
        Row::new("changes to the root", "os.chdir('/')"),
        Row::new("takes away the rights of its folder", "os.mkdir('closed'); os.chmod('closed', 0)"),
        Row::new("fails", "sys.exit(1)").outcome("failed").says("exit code 1"),
        Row::new("fails with the highest code", "os._exit(255)").outcome("failed").says("exit code 255"),
        Row::new("breaks off with an exception", "raise SystemError('broken')").outcome("failed"),
        Row::new("writes where it may not", "ctypes.string_at(0)")
            .outcome("failed")
            .says("signal 11"),
        Row::new("uses up its limit of memory", "resource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\nb'x' * (1 << 29)")
            .outcome("failed"),
        short_of_memory("needs more memory than its layer may use", "held = bytearray(400 << 20)\nforever()"),
        short_of_memory(
            "starts a child that needs more memory than its layer may use",
            "child = subprocess.Popen([sys.executable, '-c', 'import time; x = bytearray(400 << 20); time.sleep(60)'])\nchild.wait()",
        ),
        short_of_memory(
            "starts children that together need more memory than their layer may use",
            "for _ in range(8): in_child(lambda: [bytearray(40 << 20), forever()])\nos.wait(); sys.exit(1)",
        ),
        Row::new("lowers its priority and ends", "os.nice(19)"),
        Row::new("ends before anything is read", "os._exit(0)").leaves_nothing(),
        Row::new("ends from a second thread",
            "import threading\nthreading.Thread(target=lambda: os._exit(0)).start()\nforever()"),
    ]
}

/// A program that goes on until its memory is short, by groups at once, by looks within a moment.
fn short_of_memory(name: &str, program: &str) -> Row {
    Row::new(name, program)
        .layer("resource_limits: {max_memory_mb: 128}")
        .outcome("errored")
        .says("out of memory: the jobs of its layer may use 128 MB together")
}
