//! A real terminal with Apex in it, through tmux.
//!
//! Each terminal is a tmux server of its own, so that terminals of other tests and of people are not
//! touched; it ends when dropped.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::apex::apex;
use crate::project::Project;

/// A terminal of a given size; it ends when dropped.
pub struct Terminal {
    server: String,
}

impl Terminal {
    /// A terminal in a project, with `apex` and these arguments in it. When that ends, its exit
    /// code stands on the screen behind `ended with`.
    ///
    /// # Panics
    /// When tmux cannot be started; so do the other methods.
    #[must_use]
    pub fn running(project: &Project, arguments: &str, columns: u32, rows: u32) -> Self {
        Self::with(project, "LC_ALL=C.UTF-8", arguments, columns, rows)
    }

    /// The same with a variable.
    #[must_use]
    pub fn with(
        project: &Project,
        variable: &str,
        arguments: &str,
        columns: u32,
        rows: u32,
    ) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let terminal = Self { server: format!("apex-{}-{number}", std::process::id()) };
        let program = apex().get_program().to_owned();
        let line = format!(
            "env -u CI -u NO_COLOR -u GITHUB_ACTIONS -u GITLAB_CI {variable} {} {arguments}; \
             echo ended with $?; exec sleep 100",
            program.to_str().expect("a UTF-8 path")
        );
        let size = [columns.to_string(), rows.to_string()];
        let mut command = terminal.tmux(&["new-session", "-d", "-x", &size[0], "-y", &size[1]]);
        command.arg(line).current_dir(project.root());
        for name in ["APEX_CONFIG", "APEX_STATE_DIR", "TMUX"] {
            command.env_remove(name);
        }
        assert!(command.status().expect("tmux can be started").success(), "tmux new-session");
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-f", "/dev/null", "-L", &self.server]).args(arguments);
        command
    }

    fn answer(&self, arguments: &[&str]) -> String {
        let output = self.tmux(arguments).output().expect("tmux answers");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What stands on the screen, and what has scrolled away above it.
    #[must_use]
    pub fn screen(&self) -> String {
        self.answer(&["capture-pane", "-p", "-J", "-S", "-500"])
    }

    /// Presses a key, by its name in tmux.
    pub fn press(&self, key: &str) {
        self.answer(&["send-keys", key]);
    }

    /// Whether the terminal echoes and waits for lines: `echo icanon` when it does both.
    #[must_use]
    pub fn modes(&self) -> String {
        let tty = self.answer(&["display-message", "-p", "#{pane_tty}"]);
        let output = Command::new("stty").args(["-a", "-F", tty.trim()]).output().expect("stty");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let on: Vec<&str> =
            said.split_whitespace().filter(|word| ["echo", "icanon"].contains(word)).collect();
        let mut on = on;
        on.sort_unstable();
        on.join(" ")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.tmux(&["kill-server"]).output();
    }
}
