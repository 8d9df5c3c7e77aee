//! The image of a container: found, fetched or built.

use std::path::Path;
use std::sync::Arc;

use apex_config::model::{Container, ImageSource, PullPolicy};

use super::archive;
use super::engine::{BuildOrder, Engine, EngineError, Labels, Progress};

/// Makes sure that the image is there; the answer is what containers call it.
///
/// # Errors
/// A text for people.
pub(super) async fn ensure(
    engine: &Arc<dyn Engine>,
    container: &Container,
    root: &Path,
    progress: Progress<'_>,
) -> Result<String, String> {
    match &container.image {
        ImageSource::Named(name) => {
            named(engine, name, container.pull, progress).await?;
            Ok(name.clone())
        }
        ImageSource::Built { context, dockerfile, target, arguments } => {
            let folder = root.join(context);
            let dockerfile = dockerfile.clone().unwrap_or_else(|| "Dockerfile".to_owned());
            if !folder.join(&dockerfile).is_file() {
                return Err(format!(
                    "there is nothing to build: {} does not exist",
                    folder.join(&dockerfile).display()
                ));
            }
            let packing = dockerfile.clone();
            let packed = tokio::task::spawn_blocking(move || archive::pack(&folder, &packing));
            let archive = packed.await.map_err(|error| error.to_string())??;
            let order = BuildOrder {
                name: String::new(),
                archive,
                dockerfile,
                target: target.clone(),
                arguments: arguments.clone(),
                labels: Labels::new(),
            };
            built(engine, order, progress).await
        }
    }
}

async fn named(
    engine: &Arc<dyn Engine>,
    name: &str,
    pull: PullPolicy,
    progress: Progress<'_>,
) -> Result<(), String> {
    if pull != PullPolicy::Always && is_there(engine, name).await? {
        return Ok(());
    }
    if pull == PullPolicy::Never {
        return Err(format!(
            "image `{name}` is not on this machine, and `pull: never` forbids to fetch it\nnext: \
             `docker pull {name}`, or write `pull: missing`"
        ));
    }
    progress(&format!("fetching image {name}"));
    engine.pull(name, progress).await.map_err(|error| {
        format!(
            "image `{name}` is not on this machine and could not be fetched: {error}\nnext: check \
             the name, the network and `docker login`; `docker pull {name}` shows the same"
        )
    })
}

async fn is_there(engine: &Arc<dyn Engine>, name: &str) -> Result<bool, String> {
    engine.image(name).await.map(|id| id.is_some()).map_err(|error| error.to_string())
}

/// Builds an image that is named after what goes into it, so that it is built once.
async fn built(
    engine: &Arc<dyn Engine>,
    mut order: BuildOrder,
    progress: Progress<'_>,
) -> Result<String, String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&order.archive);
    hasher.update(format!("{:?}", (&order.dockerfile, &order.target, &order.arguments)).as_bytes());
    order.name = format!("apex-built:{}", &hasher.finalize().to_hex()[..24]);
    let name = order.name.clone();
    if is_there(engine, &name).await? {
        return Ok(name);
    }
    progress("building its image");
    let mut last = String::new();
    let mut tell = |text: &str| {
        text.clone_into(&mut last);
        progress(text);
    };
    let built = engine.build(order, &mut tell).await;
    built.map(|_| name).map_err(|error| build_failed(&error, &last))
}

fn build_failed(error: &EngineError, last: &str) -> String {
    format!("its image could not be built: {error}; the last step was: {last}")
}
