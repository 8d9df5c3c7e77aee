//! The earlier command line: what is accepted, what each flag does, what is never green.

mod background;
mod cutting;
mod deciding;
mod dialects;
mod effects;
mod empty;
mod invocations;
mod plugins;
mod services;
mod shim;
mod strict;
mod suite;
mod texts;

use apex_tests::project::Project;

/// A repository of small passing suites that has never heard of Apex.
pub(super) fn repository() -> Project {
    const PATHS: [&str; 19] = [
        "tests/unit/test_alpha.py",
        "tests/unit/test_beta.py",
        "tests/unit/core/test_gamma.py",
        "tests/integration/test_delta.py",
        "tests/integration/test_zeta.py",
        "tests/integration/orders/test_epsilon.py",
        "tests/e2e/test_eta.py",
        "tests/e2e/journeys/test_theta.py",
        "tests/e2e/staging/test_iota.py",
        "tests/mission_critical/test_kappa.py",
        "tests/regression/test_lambda.py",
        "tests/security/test_mu.py",
        "tests/performance/test_nu.py",
        "tests/architecture/test_xi.py",
        "tests/validation/test_omicron.py",
        "tests/infrastructure/test_pi.py",
        "services/api/tests/unit/test_rho.py",
        "services/api/tests/integration/test_sigma.py",
        "services/auth/tests/test_tau.py",
    ];
    let project = Project::new(&[]);
    for path in PATHS {
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".py");
        project.write(path, &format!("def {name}_works():\n    assert True\n"));
    }
    project.write("web/src/components/Button.test.tsx", "test('x', () => {});\n");
    project.write("docs/selected_tests.txt", "# chosen\ntests/unit/test_alpha.py\n");
    project
}

/// The words of a line as a shell parts them: blanks, and double quotes.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for sign in line.chars() {
        match sign {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            sign => words.last_mut().unwrap().push(sign),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
