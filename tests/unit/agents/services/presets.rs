//! What servers say when they are ready, and when they are not.

use apex_agents::services::presets::{
    Said, mysql_greets, postgres_answers, rabbitmq_answers, redis_answers,
};

fn not_ready(said: &Said, word: &str) {
    assert!(matches!(said, Said::NotReady(why) if why.contains(word)), "{said:?}");
}

fn postgres_error(state: &str, message: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0C{state}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E".as_slice(), &length.to_be_bytes(), fields.as_bytes()].concat()
}

#[test]
fn postgresql_is_ready_when_it_takes_a_session_or_refuses_this_one() {
    assert_eq!(postgres_answers(b""), Said::More);
    assert_eq!(postgres_answers(b"R\0\0\0\x08\0\0\0\0"), Said::Ready);
    for state in ["28P01", "3D000", "28000"] {
        assert_eq!(postgres_answers(&postgres_error(state, "no")), Said::Ready, "{state}");
    }
    for state in ["57P03", "57P01"] {
        let error = postgres_error(state, "the database system is starting up");
        not_ready(&postgres_answers(&error), "starting up");
        assert_eq!(postgres_answers(&error[..12]), Said::More, "a part of an error says nothing");
    }
    not_ready(&postgres_answers(b"HTTP/1.1 400"), "HTTP/1.1 400");
    assert_eq!(postgres_answers(b"E\xff\xff\xff\xff"), Said::More);
}

#[test]
fn redis_is_ready_when_it_answers_or_wants_a_password() {
    for (answer, expected) in [
        ("", Said::More),
        ("+PO", Said::More),
        ("+PONG\r\n", Said::Ready),
        ("-NOAUTH Authentication required.\r\n", Said::Ready),
    ] {
        assert_eq!(redis_answers(answer.as_bytes()), expected, "{answer}");
    }
    not_ready(&redis_answers(b"-LOADING Redis is loading the dataset in memory\r\n"), "LOADING");
    not_ready(&redis_answers(b"hello\n"), "hello");
}

#[test]
fn mysql_is_ready_when_it_greets() {
    assert_eq!(mysql_greets(b"\x4a\0\0"), Said::More);
    assert_eq!(mysql_greets(b"\x4a\0\0\0\x0a8.0.36\0"), Said::Ready);
    not_ready(&mysql_greets(b"\x45\0\0\0\xff\x6a\x04Host is not allowed"), "not allowed");
    not_ready(&mysql_greets(b"HTTP/1.1"), "HTTP");
}

#[test]
fn rabbitmq_is_ready_when_it_opens_a_session() {
    assert_eq!(rabbitmq_answers(b""), Said::More);
    assert_eq!(rabbitmq_answers(b"\x01\0\0"), Said::Ready);
    not_ready(&rabbitmq_answers(b"AMQP\0\0\x09\x01"), "AMQP");
}
