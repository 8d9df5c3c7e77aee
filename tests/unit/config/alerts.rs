//! Alerts of a layer file: what is understood, and what is refused with its place.

use std::time::Duration;

use apex_config::model::{Alert, AlertCondition, AlertMetric, Comparison, Notify};

use super::support::{Project, lines};

fn file(fields: &str) -> String {
    format!(
        "apex: 1\nlayers:\n  core: {{categories: [{{name: unit, command: [make]}}]}}\n\
         alerts:\n  - {{name: mine, {fields}}}\n"
    )
}

fn alert(fields: &str) -> Alert {
    Project::new(&file(fields)).config().alerts.remove(0)
}

/// A condition as text, with all of its parentheses.
fn shown(condition: &AlertCondition) -> String {
    let joined = |parts: &[AlertCondition], word: &str| {
        format!("({})", parts.iter().map(shown).collect::<Vec<_>>().join(word))
    };
    match condition {
        AlertCondition::Compare { metric, comparison, bound } => {
            format!("{} {} {bound}", metric.as_str(), comparison.sign())
        }
        AlertCondition::All(parts) => joined(parts, " and "),
        AlertCondition::Any(parts) => joined(parts, " or "),
    }
}

#[test]
fn a_condition_is_a_metric_with_bounds_or_an_expression() {
    for (fields, expected) in [
        ("metric: failures, above: 3", "(failures > 3)"),
        (
            "metric: budget_share, above: 0.9, below: 0.1",
            "(budget_share > 0.9 or budget_share < 0.1)",
        ),
        ("when: 'failures >= 3'", "failures >= 3"),
        ("when: 'failures>=3and queue_length<=1'", ""),
        ("when: 'failures>=3 and queue_length<=1'", "(failures >= 3 and queue_length <= 1)"),
        (
            "when: 'failures > 1 or flaky_rate > 0.5 and memory_mb < 100'",
            "(failures > 1 or (flaky_rate > 0.5 and memory_mb < 100))",
        ),
        (
            "when: '(failures > 1 or flaky_rate > 0.5) and memory_mb < 1e3'",
            "((failures > 1 or flaky_rate > 0.5) and memory_mb < 1000)",
        ),
    ] {
        if expected.is_empty() {
            assert!(Project::new(&file(fields)).load().is_err(), "{fields}");
        } else {
            assert_eq!(shown(&alert(fields).condition), expected, "{fields}");
        }
    }
}

#[test]
fn an_alert_that_makes_no_sense_is_refused_with_its_place() {
    let deep = format!("when: '{}failures > 1'", "(".repeat(300));
    for (fields, expected) in [
        ("above: 3", "5:5 alert `mine` needs either `metric` or `when`"),
        ("metric: failures", "5:5 alert `mine` says of no number when it fires"),
        ("metric: failures, above: 1, when: 'failures > 1'", "needs either `metric` or `when`"),
        ("when: 'failure > 1'", "`failure` is no metric; did you mean `failures`"),
        ("when: 'failures > many'", "`many` is no number"),
        ("when: 'failures > inf'", "`inf` is no number"),
        ("when: 'failures = 1'", "`=` compares nothing; known: >, >=, <, <="),
        ("when: 'failures > 1 failures > 2'", "`failures` stands behind its end"),
        ("when: '(failures > 1'", "a `)` is missing"),
        ("when: 'failures >'", "a number is missing at its end"),
        ("when: 'and'", "`and` is no metric"),
        (&deep, "it has more than 200 words"),
        ("metric: failures, above: 1, layer: coer", "there is no layer `coer`"),
        ("metric: failures, above: 1, notify: [mail]", "nobody can be told by `mail`"),
        ("metric: failures, above: 1, notify: ['ftp://x']", "nobody can be told by `ftp://x`"),
    ] {
        let problems = Project::new(&file(fields)).problems();
        let found: Vec<String> = problems
            .iter()
            .map(|one| format!("{}:{} {}", one.place.line(), one.place.column(), one.message))
            .collect();
        let found = found.join("\n");
        assert!(found.contains(expected), "{fields}: {expected}\n{}", lines(&problems));
    }
}

#[test]
fn who_is_told_is_read_from_words_and_addresses() {
    let notify = alert(
        "metric: failures, above: 1, notify: [log, console, github, 'https://example.org/a', \
         'slack:http://chat.example/b', 'https://hooks.slack.com/c', '${NOBODY:-}']",
    )
    .notify;
    let web = |url: &str, is_slack| Notify::Webhook { url: url.to_owned(), is_slack };
    assert_eq!(
        notify,
        [
            Notify::Log,
            Notify::Console,
            Notify::GitHub,
            web("https://example.org/a", false),
            web("http://chat.example/b", true),
            web("https://hooks.slack.com/c", true),
        ]
    );
    assert_eq!(alert("metric: failures, above: 1").notify, [Notify::Log]);
}

#[test]
fn the_rules_that_come_with_apex_hold_unless_their_names_are_taken() {
    let names = |config: &apex_config::Config| -> Vec<String> {
        config.alerts.iter().map(|alert| alert.name.clone()).collect()
    };
    let config = Project::new(&file("metric: failures, above: 1")).config();
    assert_eq!(names(&config), ["mine", "run failed", "run budget exceeded", "failure rate"]);
    let text = file("metric: failures, above: 1").replace("mine", "run failed");
    let config = Project::new(&text).config();
    assert_eq!(names(&config), ["run failed", "run budget exceeded", "failure rate"]);
    let condition = AlertCondition::Compare {
        metric: AlertMetric::Failures,
        comparison: Comparison::Above,
        bound: 1.0,
    };
    assert_eq!(config.alerts[0].condition, AlertCondition::Any(vec![condition]));
    let twice = text + "  - {name: run failed, metric: failures, above: 2}\n";
    let problems = Project::new(&twice).problems();
    assert!(
        lines(&problems).contains("two alerts are called `run failed`"),
        "{}",
        lines(&problems)
    );
}

#[test]
fn what_is_used_is_looked_at_every_five_seconds_unless_a_file_says_otherwise() {
    let every = |fields: &str| {
        let text = file("metric: failures, above: 1")
            + &format!("telemetry: {{resources: {{{fields}}}}}\n");
        Project::new(&text).config().telemetry.resources.interval
    };
    assert_eq!(every(""), Some(Duration::from_secs(5)));
    assert_eq!(every("interval_seconds: 0.5"), Some(Duration::from_millis(500)));
    assert_eq!(every("enabled: false"), None);
}

#[test]
fn variables_are_filled_in_where_telemetry_goes() {
    let text = file("metric: failures, above: 1")
        + "telemetry: {otlp: {endpoint: '${COLLECTOR}', headers: {a: '${NOBODY:-b}'}}}\n";
    let telemetry = Project::new(&text).variable("COLLECTOR", "http://here").config().telemetry;
    assert_eq!(telemetry.otlp.endpoint.as_deref(), Some("http://here"));
    assert_eq!(telemetry.otlp.headers["a"], "b");
    let problems = Project::new(&text).problems();
    assert!(lines(&problems).contains("`COLLECTOR` is not set"), "{}", lines(&problems));
}
