//! The server: for a whole state folder, or beside one run.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use apex_agents::background;
use apex_core::{Envelope, Plan, RunId, RunView, Sink};
use apex_monitor::run_dir::Runs;
use apex_monitor::web::{self, Access, Closer, Limits, Rerun, Server, Settings, Tokens};
use tokio::signal::unix::{SignalKind, signal};

use super::record::{prepare, state_folder};
use crate::args::{DoorArgs, GlobalArgs, ServeArgs};
use crate::exit::ExitCode;
use crate::failure::Failure;
use crate::out;
use crate::project::Project;

/// The file with the tokens in a state folder.
const TOKENS: &str = "web.tokens";

/// The socket on which a server offers its listener in a state folder.
const OFFER: &str = "web.socket";

/// Serves the records of a project until a signal ends it.
pub(crate) fn serve(global: &GlobalArgs, args: &ServeArgs) -> Result<ExitCode, Failure> {
    let project = Project::load(global, None, apex_config::Overlay::flags())?;
    let state = state_folder(&project);
    prepare(&Runs::in_state(&state), &state)?;
    let offer = state.join(OFFER);
    let listener = if args.take_over { take_over(&offer)? } else { None };
    let listener = listener.map_or_else(|| listen(args.listen), Ok)?;
    let (access, tokens, address) = door(&listener, &args.door, &state)?;
    let root = project.loaded.root.clone();
    let server = Server::new(Settings {
        project: name_of(&root),
        only: None,
        access,
        limits: Limits::default(),
        rerun: Some(rerun(root, state.clone())),
        state: state.clone(),
    });
    out::people(&format!(
        "{}\n  the token to stop and rerun: `act` in {}\n",
        web::link(address, tokens.look()),
        tokens_file(&args.door, &state).display()
    ));
    let closer = server.closer();
    super::runtime()?.block_on(async {
        let mut ends = [SignalKind::terminate(), SignalKind::interrupt()].map(signal).into_iter();
        let (Some(Ok(mut terminate)), Some(Ok(mut interrupt))) = (ends.next(), ends.next()) else {
            return Err(Failure::environment(
                "signals cannot be watched",
                "look at the limits of this session",
            ));
        };
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {} _ = interrupt.recv() => {} }
            closer.close();
        });
        server.serve(listener, Some(&offer)).await.map_err(|error| {
            Failure::environment(
                format!("the server ended: {error}"),
                "look at the state folder and at the limits of this session",
            )
        })
    })?;
    Ok(ExitCode::Passed)
}

fn take_over(offer: &Path) -> Result<Option<TcpListener>, Failure> {
    let taken = web::take_over(offer).map_err(|error| {
        Failure::environment(
            format!("the server that goes on did not give its place away: {error}"),
            "end it, and start this one without --take-over",
        )
    })?;
    if taken.is_none() {
        out::people("no server of this project goes on; this one begins\n");
    }
    Ok(taken)
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    web::listen(address).map_err(|error| {
        Failure::environment(
            format!("cannot listen on {address}: {error}"),
            "choose another port with --listen, or take the place of the server that goes on with \
             --take-over",
        )
    })
}

fn tokens_file(door: &DoorArgs, state: &Path) -> PathBuf {
    door.token_file.clone().unwrap_or_else(|| state.join(TOKENS))
}

/// Who is let in at a listener, the tokens, and its address.
fn door(
    listener: &TcpListener,
    door: &DoorArgs,
    state: &Path,
) -> Result<(Access, Tokens, SocketAddr), Failure> {
    let address = listener.local_addr().map_err(|error| {
        Failure::environment(format!("the listener has no address: {error}"), "use --listen")
    })?;
    let file = tokens_file(door, state);
    let tokens = Tokens::in_file(&file).map_err(|error| {
        Failure::environment(
            format!("the tokens in `{}` cannot be used: {error}", file.display()),
            "name another file with --token-file",
        )
    })?;
    Ok((Access::new(address, &door.allow_host, Some(tokens.clone())), tokens, address))
}

fn name_of(root: &Path) -> String {
    root.file_name()
        .map_or_else(|| "project".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Starts runs of what earlier ones were asked for, each in a process of its own.
fn rerun(root: PathBuf, state: PathBuf) -> Rerun {
    Arc::new(move |plan| {
        let run = super::new_run_id();
        let log = state.join("background").join(format!("{run}.log"));
        let arguments = arguments_of(plan, &run, &root)?;
        std::env::current_exe()
            .and_then(|program| background::hand_over(&program, &arguments, &root, &log))
            .map_err(|error| format!("the run could not be started: {error}"))?;
        Ok(run)
    })
}

/// What has to be typed for what a plan was asked for. Production is left to people.
fn arguments_of(plan: &Plan, run: &RunId, root: &Path) -> Result<Vec<String>, String> {
    let request = &plan.request;
    if request.environment.as_ref().is_some_and(|environment| environment.as_str() == "production")
    {
        return Err("the environment is production; run it yourself with --allow-prod".to_owned());
    }
    let mut arguments = vec!["run".to_owned(), "--progress-mode".to_owned(), "simple".to_owned()];
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    option("--color", "never".to_owned());
    option("--run-id", run.to_string());
    option("--project", root.display().to_string());
    if let Some(environment) = &request.environment {
        option("--env", environment.to_string());
    }
    if let Some(mode) = &request.mode {
        option("--mode", mode.to_string());
    } else {
        let categories: Vec<&str> =
            plan.categories.iter().map(|category| category.name.as_str()).collect();
        option("--categories", categories.join(","));
        arguments.push("--no-dependencies".to_owned());
    }
    Ok(arguments)
}

/// A server beside a run, on a thread of its own: what clients do costs the run nothing but the
/// processor.
pub(super) struct Beside {
    closer: Closer,
    thread: JoinHandle<()>,
    run: RunId,
}

impl Beside {
    /// Listens for those who want to see the run.
    pub(super) fn start(
        address: SocketAddr,
        args: &DoorArgs,
        (state, root): (&Path, &Path),
        run: &RunId,
    ) -> Result<Self, Failure> {
        let listener = listen(address)?;
        let (access, tokens, address) = door(&listener, args, state)?;
        let server = Server::new(Settings {
            state: state.to_owned(),
            project: name_of(root),
            only: Some(run.clone()),
            access,
            limits: Limits::default(),
            rerun: None,
        });
        let closer = server.closer();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::no_threads(&error))?;
        let thread = std::thread::Builder::new().name("apex-web".to_owned()).spawn(move || {
            // The run goes on without it; whoever looks sees that nobody answers.
            let _ = runtime.block_on(server.serve(listener, None));
        });
        let thread = thread.map_err(|error| Failure::no_threads(&error))?;
        out::people(&format!("live: {}\n", web::link(address, tokens.look())));
        Ok(Self { closer, thread, run: run.clone() })
    }

    /// A sink that tells the server to look at the journal, for the feed that writes it.
    pub(super) fn poker(&self) -> Box<dyn Sink> {
        Box::new(Poker { closer: self.closer.clone(), run: self.run.clone() })
    }

    /// Ends it: clients are told the end of the run, as long as they take it in a moment.
    pub(super) fn end(self) {
        self.closer.poke(&self.run);
        let end = std::time::Instant::now() + Limits::default().drain;
        while self.closer.clients() > 0 && std::time::Instant::now() < end {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        self.closer.close();
        // A panic in it was reported on its way.
        let _ = self.thread.join();
    }
}

/// Tells the server that the journal has more.
struct Poker {
    closer: Closer,
    run: RunId,
}

impl Sink for Poker {
    fn name(&self) -> &'static str {
        "web"
    }

    fn accept(&mut self, _: &[Envelope], _: &RunView) -> Result<(), String> {
        self.closer.poke(&self.run);
        Ok(())
    }
}
