//! Programs that die by a signal, each by another.

use super::row::Row;

/// The signals that end a program that does nothing about them (signal(7)).
const DEADLY: [(&str, i32); 15] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
];

pub(super) fn rows() -> Vec<Row> {
    let alone = DEADLY.map(|(name, number)| {
        Row::new(format!("dies by SIG{name}"), dies(name))
            .outcome("failed")
            .says(format!("signal {number}"))
            .leaves_nothing()
    });
    let with_company = [("SEGV", 11), ("KILL", 9)].map(|(name, number)| {
        let program =
            format!("in_child(lambda: (os.setsid(), quiet(), forever()))\n{}", dies(name));
        Row::new(format!("starts a daemon and dies by SIG{name}"), program)
            .outcome("failed")
            .says(format!("signal {number}"))
            .leaves("1 process")
    });
    alone.into_iter().chain(with_company).collect()
}

fn dies(by: &str) -> String {
    format!(
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n\
         if 'SIG{by}' != 'SIGKILL': signal.signal(signal.SIG{by}, signal.SIG_DFL)\n\
         os.kill(os.getpid(), signal.SIG{by})\nforever()"
    )
}
