//! Order, phases and cycles of small and of deep graphs.

use apex_core::graph::{Order, order};

/// Orders `edges.len()` nodes; `edges[n]` lists what comes before node n.
fn of(edges: &[&[u32]]) -> Result<Order, String> {
    order(edges.len(), |node| edges[node])
        .map_err(|cycle| cycle.describe(|node| ["a", "b", "c", "d", "e", "f"][node]))
}

#[track_caller]
fn check_order(edges: &[&[u32]], phases: &[u32]) {
    let order = of(edges).unwrap();
    assert_eq!(order.phase, phases);
    let mut sorted = order.sequence.clone();
    sorted.sort_unstable();
    let all: Vec<u32> = (0..edges.len() as u32).collect();
    assert_eq!(sorted, all, "every node once");
    let place = |node: u32| order.sequence.iter().position(|&other| other == node).unwrap();
    for (node, before) in edges.iter().enumerate() {
        for &before in *before {
            assert!(place(before) < place(node as u32), "{before} comes before {node}");
        }
    }
}

#[test]
fn dependencies_come_first_and_phases_count_the_longest_way() {
    check_order(&[], &[]);
    check_order(&[&[]], &[0]);
    check_order(&[&[], &[], &[]], &[0, 0, 0]);
    check_order(&[&[1], &[2], &[]], &[2, 1, 0]);
    // A diamond with a long and a short way.
    check_order(&[&[], &[0], &[1], &[0, 2]], &[0, 1, 2, 3]);
    // Named twice is named once.
    check_order(&[&[], &[0, 0]], &[0, 1]);
}

#[test]
fn a_cycle_is_named_from_its_first_member_along_the_order() {
    for (edges, expected) in [
        (&[&[0_u32] as &[u32]] as &[&[u32]], "a -> a"),
        (&[&[1], &[0]], "a -> b -> a"),
        (&[&[], &[0, 2], &[1]], "b -> c -> b"),
        (&[&[4], &[0], &[1], &[2], &[3]], "a -> b -> c -> d -> e -> a"),
        // The nodes that only wait for the cycle are not in it.
        (&[&[], &[0, 3], &[1], &[2], &[3]], "b -> c -> d -> b"),
        // Of two cycles, the one with the first node.
        (&[&[1], &[0], &[3], &[2]], "a -> b -> a"),
        // A self-loop inside something larger.
        (&[&[], &[0], &[2]], "c -> c"),
    ] {
        assert_eq!(of(edges), Err(expected.to_owned()), "{edges:?}");
    }
}

#[test]
fn a_chain_of_a_hundred_thousand_needs_no_stack() {
    const LENGTH: usize = 100_000;
    let before: Vec<[u32; 1]> = (0..LENGTH as u32).map(|node| [node.saturating_sub(1)]).collect();
    let chain = |node: usize| if node == 0 { &[] as &[u32] } else { &before[node] };
    let order = order(LENGTH, chain).unwrap();
    assert_eq!(order.phase[LENGTH - 1], LENGTH as u32 - 1);
    assert_eq!(order.sequence.last(), Some(&(LENGTH as u32 - 1)));
}

#[test]
fn a_cycle_of_ten_thousand_is_named_without_a_stack() {
    const LENGTH: usize = 10_000;
    let before: Vec<[u32; 1]> =
        (0..LENGTH).map(|node| [((node + LENGTH - 1) % LENGTH) as u32]).collect();
    let cycle = order(LENGTH, |node| &before[node]).unwrap_err();
    assert_eq!(cycle.0, (0..LENGTH).collect::<Vec<_>>());
}
