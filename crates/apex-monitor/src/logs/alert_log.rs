//! Lines about alerts in the log of the run as a whole.

use std::io;
use std::path::PathBuf;

use apex_core::{Envelope, Moment, Trace};

use super::fields::Fields;
use super::file::LogFile;
use super::record::Writer;
use super::{Component, Level, Rotation};

/// Writes lines about alerts.
pub(crate) struct AlertLog {
    writer: Writer,
    file: LogFile,
}

impl AlertLog {
    pub(crate) fn new(folder: PathBuf, rotation: Rotation, trace: &Trace) -> Self {
        let path = folder.join(Component::MasterController.file_name());
        Self { writer: Writer::new(trace.id().to_string()), file: LogFile::at(path, rotation) }
    }

    /// Takes note of which run it is, and how far.
    pub(crate) fn begin(&mut self, envelope: &Envelope) {
        self.writer.begin(envelope);
    }

    /// Writes a line.
    pub(crate) fn write(
        &mut self,
        at: Moment,
        level: Level,
        message: &str,
        fields: &Fields,
    ) -> io::Result<()> {
        let mut line = Vec::new();
        let component = Component::MasterController;
        let function = if level == Level::Warning { "alert.fired" } else { "alert.resolved" };
        let said = super::record::Said { at, level, message, module: "alert", function, fields };
        self.writer.write_said(said, component, &mut line);
        self.file.append(&line)
    }
}
