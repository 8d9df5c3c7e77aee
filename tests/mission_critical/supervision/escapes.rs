//! Programs that leave processes behind, or hide them.

use super::row::Row;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = left_behind();
    rows.extend(ended_by_the_limit());
    rows
}

/// The program ends by itself, and something of it goes on.
fn left_behind() -> Vec<Row> {
    let new = |name, program| Row::new(name, program).leaves("1 process");
    vec![
        new("leaves a child in its group", "in_child(lambda: (quiet(), forever()))"),
        new("leaves a child that holds its output", "in_child(forever)"),
        new("leaves a child that ignores requests to end",
            "in_child(lambda: (ignore(signal.SIGTERM, signal.SIGHUP), quiet(), forever()))"),
        new("forks twice", "in_child(lambda: in_child(lambda: (quiet(), forever())))"),
        new("forks twice and keeps its output", "in_child(lambda: in_child(forever))"),
        new("leaves its group", "in_child(lambda: (os.setpgid(0, 0), quiet(), forever()))"),
        new("leaves its session", "in_child(lambda: (os.setsid(), quiet(), forever()))"),
        new("leaves its session and keeps its output", "in_child(lambda: (os.setsid(), forever()))"),
        new("becomes a daemon by the book",
            "in_child(lambda: (os.setsid(), in_child(lambda: (os.chdir('/'), os.umask(0), quiet(), forever()))))"),
        new("leaves its session and clears its environment",
            "in_child(lambda: (os.setsid(), quiet(), without_environment('while True: time.sleep(1)')))\ntime.sleep(0.3)"),
        new("forks twice, leaves group and session, and clears its environment",
            "in_child(lambda: (os.setsid(), in_child(lambda: (os.setsid() if os.getpid() != os.getsid(0) else None, quiet(), \
             without_environment('while True: time.sleep(1)')))))\ntime.sleep(0.3)"),
        new("hides behind another name and clears its environment",
            "in_child(lambda: (os.setsid(), quiet(), os.execve(sys.executable, ['[kworker/0:1]', '-c', \
             'import time\\nwhile True: time.sleep(1)'] + sys.argv[1:], {})))\ntime.sleep(0.3)"),
        new("gives a process a name that is no text",
            "in_child(lambda: (os.setsid(), ctypes.CDLL(None).prctl(15, b'\\xff\\xfe) R 1', 0, 0, 0), quiet(), forever()))\ntime.sleep(0.2)"),
        new("leaves a process that it stopped",
            "in_child(lambda: (quiet(), os.kill(os.getpid(), signal.SIGSTOP)))\ntime.sleep(0.2)"),
        new("leaves a process in a session of its own that it stopped",
            "in_child(lambda: (os.setsid(), quiet(), os.kill(os.getpid(), signal.SIGSTOP)))\ntime.sleep(0.2)"),
        new("takes in orphans itself",
            "ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\nin_child(lambda: in_child(lambda: (os.setsid(), quiet(), forever())))"),
        Row::new("leaves five processes in five sessions",
            "for _ in range(5): in_child(lambda: (os.setsid(), quiet(), forever()))\ntime.sleep(0.2)")
            .leaves("5 processes"),
        Row::new("leaves a child that takes in orphans, with orphans",
            "in_child(lambda: (ctypes.CDLL(None).prctl(36, 1, 0, 0, 0), os.setsid(), \
             in_child(lambda: in_child(lambda: (os.setsid(), quiet(), forever()))), quiet(), forever()))\ntime.sleep(0.3)")
            .leaves("2 processes"),
        Row::new("leaves forty processes", "for _ in range(40): in_child(lambda: (os.setpgid(0, 0), quiet(), forever()))\ntime.sleep(0.3)")
            .leaves("40 processes"),
        Row::new("leaves a daemon and fails", "in_child(lambda: (os.setsid(), forever()))\nsys.exit(3)")
            .outcome("failed").leaves("1 process").says("exit code 3"),
        Row::new("leaves a process that ends within a moment",
            "in_child(lambda: (os.setsid(), time.sleep(0.02)))").leaves_nothing(),
        Row::new("waits for what it started", "subprocess.run(['sleep', '0.1'])").leaves_nothing(),
        Row::new("starts and ends a daemon of its own",
            "daemon = subprocess.Popen(['sleep', '300'], start_new_session=True)\ntime.sleep(0.1)\ndaemon.kill()\ndaemon.wait()")
            .leaves_nothing(),
        Row::new("leaves fifty dead children", "for _ in range(50): in_child(lambda: None)\ntime.sleep(0.2)")
            .leaves_nothing(),
        Row::new("leaves a storm of processes that hand over to each other",
            "def hop():\n    quiet()\n    end = time.time() + 20\n    while time.time() < end:\n        if os.fork(): os._exit(0)\n\
             in_child(hop)").says("the program ended and left"),
        Row::new("leaves a storm that hops from session to session",
            "def hop():\n    quiet()\n    end = time.time() + 20\n    while time.time() < end:\n        if os.fork(): os._exit(0)\n        os.setsid()\n\
             in_child(hop)\ntime.sleep(0.2)").says("the program ended and left"),
        Row::new("leaves a tree that grows",
            "def grow():\n    quiet()\n    for _ in range(200):\n        if os.fork() == 0: os.setpgid(0, 0)\n        time.sleep(0.02)\n        if os.getpid() % 7 == 0: forever()\n    forever()\n\
             resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\nin_child(lambda: [in_child(lambda: (os.setpgid(0, 0), quiet(), forever())) or time.sleep(0.005) for _ in range(300)])\ntime.sleep(0.1)")
            .says("the program ended and left"),
    ]
}

/// The program goes on until its limit.
fn ended_by_the_limit() -> Vec<Row> {
    let new = |name, program| Row::new(name, program).times_out();
    vec![
        new("sleeps", "forever()"),
        new("computes without end", "while True: pass"),
        new(
            "ignores requests to end",
            "ignore(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)\nforever()",
        ),
        new(
            "blocks every signal",
            "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\nforever()",
        ),
        new("stops itself", "os.kill(os.getpid(), signal.SIGSTOP)\nforever()"),
        new("stops itself whenever it goes on", "while True: os.kill(os.getpid(), signal.SIGSTOP)"),
        new(
            "ends in order when asked",
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nforever()",
        ),
        new(
            "starts a daemon and goes on",
            "in_child(lambda: (os.setsid(), quiet(), forever()))\nforever()",
        ),
        new(
            "starts a daemon without environment and goes on",
            "in_child(lambda: (os.setsid(), quiet(), without_environment('while True: time.sleep(1)')))\nforever()",
        ),
        new(
            "forks twice into another session and goes on",
            "in_child(lambda: (os.setsid(), in_child(forever)))\nforever()",
        ),
        new(
            "starts a daemon that ignores requests to end",
            "in_child(lambda: (os.setsid(), ignore(signal.SIGTERM), quiet(), forever()))\nforever()",
        ),
        new("clears its own environment", "without_environment('while True: time.sleep(1)')"),
        new(
            "storms in its group (bounded)",
            "end = time.time() + 20\nwhile time.time() < end:\n    try:\n        if os.fork() == 0: time.sleep(0.3); os._exit(0)\n    except OSError: pass\n    time.sleep(0.002)",
        ),
        new(
            "storms with sessions (bounded)",
            "end = time.time() + 20\nwhile time.time() < end:\n    try:\n        if os.fork() == 0: os.setsid(); quiet(); time.sleep(1.5); os._exit(0)\n    except OSError: pass\n    time.sleep(0.004)",
        ),
        new(
            "starts a child whenever it is asked to end",
            "def again(*_):\n    in_child(lambda: (os.setsid(), quiet(), forever()))\nsignal.signal(signal.SIGTERM, again)\nwhile True: time.sleep(0.1)",
        ),
        new("closes its outputs and works on", "os.close(1); os.close(2)\nforever()"),
        new(
            "waits for input that never comes, over a pipe of its own",
            "a, b = os.pipe()\nos.read(a, 1)",
        ),
    ]
}
