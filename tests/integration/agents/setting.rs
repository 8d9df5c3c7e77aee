//! What a run says about the place where it runs.

use std::process::Command;
use std::sync::mpsc;

use apex_core::event::{Checkout, RunEvent, Setting};
use apex_core::{Envelope, Event, RunView, Sink};
use apex_tests::tool::tool;

use super::project::{Project, TWO_LAYERS};

struct First(mpsc::Sender<Setting>);

impl Sink for First {
    fn name(&self) -> &'static str {
        "first"
    }

    fn accept(&mut self, batch: &[Envelope], _: &RunView) -> Result<(), String> {
        for envelope in batch {
            if let Event::Run(RunEvent::Started(started)) = &envelope.event {
                self.0.send(started.setting.clone()).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

async fn setting_of(project: &Project) -> Setting {
    let (sender, settings) = mpsc::channel();
    let run = project.open().fast_feedback().unwrap().sink(Box::new(First(sender)));
    run.run().await.unwrap();
    settings.recv().unwrap()
}

fn git(project: &Project, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(arguments)
        .current_dir(project.root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_says_the_commit_the_branch_and_whether_files_were_changed() {
    if tool("git").is_none() {
        return;
    }
    let project = Project::new(TWO_LAYERS);
    let outside = setting_of(&project).await;
    assert_eq!(outside.checkout, None);
    assert!(outside.cores.is_some_and(|cores| cores > 0));

    git(&project, &["init", "--quiet", "--initial-branch", "topic"]);
    assert_eq!(setting_of(&project).await.checkout, None, "there is no commit yet");
    std::fs::write(project.root().join(".gitignore"), ".apex\n").unwrap();
    git(&project, &["add", "."]);
    git(&project, &["commit", "--quiet", "--message", "first"]);
    let commit = git(&project, &["rev-parse", "HEAD"]);
    let expected = |branch: Option<&str>, is_changed| Checkout {
        commit: commit.as_str().into(),
        branch: branch.map(Into::into),
        is_changed: Some(is_changed),
    };
    assert_eq!(setting_of(&project).await.checkout, Some(expected(Some("topic"), false)));

    std::fs::write(project.root().join("new_test.py"), "").unwrap();
    assert_eq!(setting_of(&project).await.checkout, Some(expected(Some("topic"), true)));
    std::fs::remove_file(project.root().join("new_test.py")).unwrap();
    git(&project, &["checkout", "--quiet", "--detach"]);
    assert_eq!(setting_of(&project).await.checkout, Some(expected(None, false)));
}
