//! A repository in three languages that is made from a seed, and what Apex has to make of it.
//!
//! Its layer file is the shortest that there is: names of layers and categories. Where the tests
//! of a category are follows from folders alone. Some tests are planned to fail, to pass only on
//! their second attempt, or to leave a process behind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::project::Project;

/// What a test is made to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It passes.
    Pass,
    /// It fails every time.
    Fail,
    /// It fails on its first attempt in a run.
    Flaky,
    /// It passes and leaves a process behind.
    Leak,
}

/// The categories and how many tests each has, before the seed varies them.
const PYTEST: [(&str, u64); 4] = [("smoke", 4), ("unit", 24), ("api", 8), ("websocket", 5)];
const RUST: u64 = 12;
const FRONTEND: u64 = 10;

/// The word in the command line of every process that a leaking test leaves behind.
pub const LEAK: &str = "apex-e2e-leaked";

/// The repository.
pub struct Polyglot {
    /// Its folder.
    pub project: Project,
    /// Category and last part of the name of every test → what it is made to do.
    pub manifest: BTreeMap<(String, String), Planned>,
}

/// Numbers that look random and follow from the seed (the generator of Lehmer, modulus 2^31 - 1).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0 * 48_271 % 0x7fff_ffff;
        self.0 % limit
    }
}

impl Polyglot {
    /// The repository of a seed, with or without tests that misbehave, and with so many retries in
    /// category unit, which holds all of those.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn new(seed: u64, misbehaves: bool, retries: u32) -> Self {
        let mut dice = Dice(seed + 1);
        let project = Project::new(&[]);
        let mut manifest = BTreeMap::new();
        for (category, usual) in PYTEST {
            let count = usual + dice.below(usual);
            let plans = plans(&mut dice, count, misbehaves && category == "unit");
            python(&project, category, &plans, &mut dice);
            note(&mut manifest, category, "test_", &plans);
        }
        let rust = vec![Planned::Pass; usize::try_from(RUST + dice.below(RUST)).expect("small")];
        rust_crate(&project, &rust);
        note(&mut manifest, "rust", "r", &rust);
        let count = usize::try_from(FRONTEND + dice.below(FRONTEND)).expect("small");
        let frontend = vec![Planned::Pass; count];
        node(&project, &frontend, &mut dice);
        note(&mut manifest, "frontend", "c", &frontend);
        project.write("config/test_layers.yaml", &layers(retries));
        project.write("pytest.ini", "[pytest]\ntestpaths = tests\n");
        Self { project, manifest }
    }
}

fn layers(retries: u32) -> String {
    format!(
        "layers:\n  fast_feedback:\n    name: \"fast_feedback\"\n    max_duration_minutes: 5\n    \
         categories:\n      - name: \"smoke\"\n      - name: \"unit\"\n        retries: {retries}\n      \
         - name: \"rust\"\n        timeout_seconds: 240\n  core_integration:\n    \
         name: \"core_integration\"\n    max_duration_minutes: 10\n    \
         dependencies: [fast_feedback]\n    categories:\n      - name: \"api\"\n      \
         - name: \"websocket\"\n      - name: \"frontend\"\n"
    )
}

fn plans(dice: &mut Dice, count: u64, misbehaves: bool) -> Vec<Planned> {
    let mut plans = vec![Planned::Pass; usize::try_from(count).expect("small")];
    if misbehaves {
        for planned in [Planned::Fail, Planned::Fail, Planned::Flaky, Planned::Flaky, Planned::Leak]
        {
            let free: Vec<usize> =
                (0..plans.len()).filter(|&at| plans[at] == Planned::Pass).collect();
            let chosen = usize::try_from(dice.below(free.len() as u64)).expect("small");
            plans[free[chosen]] = planned;
        }
    }
    plans
}

fn note(
    manifest: &mut BTreeMap<(String, String), Planned>,
    category: &str,
    prefix: &str,
    plans: &[Planned],
) {
    for (number, planned) in plans.iter().enumerate() {
        manifest.insert((category.to_owned(), format!("{prefix}{number}")), *planned);
    }
}

/// Spreads tests over files of one to eight.
fn files<'p>(plans: &'p [Planned], dice: &mut Dice) -> Vec<(usize, &'p [Planned])> {
    let mut files = Vec::new();
    let mut at = 0;
    while at < plans.len() {
        let end = (at + 1 + usize::try_from(dice.below(8)).expect("small")).min(plans.len());
        files.push((at, &plans[at..end]));
        at = end;
    }
    files
}

fn python(project: &Project, category: &str, plans: &[Planned], dice: &mut Dice) {
    for (first, plans) in files(plans, dice) {
        let mut text = String::from("import os\nimport subprocess\nimport sys\n");
        for (offset, planned) in plans.iter().enumerate() {
            let number = first + offset;
            let body = match planned {
                Planned::Pass => "    pass\n".to_owned(),
                Planned::Fail => "    assert 1 == 2, 'planned failure'\n".to_owned(),
                Planned::Flaky => format!(
                    "    seen = f'seen-{{os.environ[\"APEX_RUN_ID\"]}}-{number}'\n    \
                     first = not os.path.exists(seen)\n    open(seen, 'w').close()\n    \
                     assert not first, 'first attempt'\n"
                ),
                Planned::Leak => format!(
                    "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(120)', \
                     '{LEAK}', os.environ['APEX_RUN_ID']])\n"
                ),
            };
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(text, "\n\ndef test_{number}():\n{body}");
        }
        project.write(&format!("tests/{category}/test_{category}_{first}.py"), &text);
    }
}

fn rust_crate(project: &Project, plans: &[Planned]) {
    let mut text = String::from("#[cfg(test)]\nmod tests {\n");
    for number in 0..plans.len() {
        let _ = writeln!(text, "    #[test]\n    fn r{number}() {{}}");
    }
    text.push_str("}\n");
    project.write("rust/src/lib.rs", &text);
    project.write(
        "rust/Cargo.toml",
        "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
    );
}

fn node(project: &Project, plans: &[Planned], dice: &mut Dice) {
    for (first, plans) in files(plans, dice) {
        let mut text = String::from("import test from 'node:test';\n");
        for number in first..first + plans.len() {
            let _ = writeln!(text, "test('c{number}', () => {{}});");
        }
        project.write(&format!("frontend/t/f{first}.test.mjs"), &text);
    }
}
