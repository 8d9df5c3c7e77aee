//! The `apex` program: hears the user, joins the parts, ends with a number.

mod apart;
mod args;
mod assemble;
mod commands;
mod exit;
mod failure;
mod legacy;
mod out;
mod project;
mod recorded;
mod render;

use std::process::ExitCode as ProcessExit;

fn main() -> ProcessExit {
    if let Some(list) = args::guarded_list() {
        // Nobody reads what a guardian says; what it did stands in its list.
        let is_done = apex_agents::guardian::watch(&list).is_ok();
        return ProcessExit::from(u8::from(!is_done));
    }
    if let Some((stage, supervision)) = args::supervision() {
        let is_done = assemble::background::supervisor(stage, &supervision);
        if stage == args::Stage::Stay {
            legacy::keep_background_records(&supervision);
        }
        return ProcessExit::from(u8::from(!is_done));
    }
    let mut words = std::env::args_os();
    let program = words.next();
    let words: Vec<_> = words.collect();
    if legacy::is_meant(program.as_ref(), &words) {
        return ProcessExit::from(legacy::execute(words));
    }
    let arguments = args::parse();
    let code = match commands::execute(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            out::people(&render::failure(&failure));
            failure.exit_code()
        }
    };
    ProcessExit::from(code.number())
}
