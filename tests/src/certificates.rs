//! Certificates for tests that speak TLS on this machine, made by `openssl`.

use std::path::Path;
use std::process::Command;

/// A certificate authority, a certificate of a server at `localhost`, and one of a client.
const MAKE: &str = r#"
set -e
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
  -subj /CN=authority -keyout ca-key.pem -out ca.pem
sign() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
    -keyout "$2" -out request.pem
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
    -out "$3" -extfile names
}
echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' > names
sign localhost server-key.pem server.pem
sign client key.pem cert.pem
"#;

/// Makes `ca.pem`, `server.pem` with `server-key.pem` for `localhost` and `127.0.0.1`, and
/// `cert.pem` with `key.pem` for a client, in a folder.
///
/// # Panics
/// When `openssl` refuses.
pub fn make(folder: &Path) {
    let made = Command::new("sh").args(["-c", MAKE]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}
