//! The one merge: deep for maps, never changing its inputs, remembering who was beaten.

use apex_config::{Map, Node, Overlay, Place, Scalar, SourceKind, Value, merge};

/// A small tree from a list of paths and values, set by one source.
fn tree(label: &str, entries: &[(&[&str], i64)]) -> Node {
    entries
        .iter()
        .fold(Overlay::empty(SourceKind::File, label), |overlay, (path, value)| {
            overlay.merged(Overlay::flags().with_flag(label, path, *value))
        })
        .root()
        .clone()
}

/// Trees whose every path is a map in all of them or a scalar in all of them.
fn trees() -> Vec<Node> {
    let mut trees = Vec::new();
    for mask in 0..16_u32 {
        let paths: [&[&str]; 4] = [&["a", "x"], &["a", "y", "z"], &["b"], &["c", "d"]];
        let entries: Vec<(&[&str], i64)> = paths
            .iter()
            .enumerate()
            .filter(|(bit, _)| mask & (1 << bit) != 0)
            .map(|(bit, path)| (*path, i64::from(mask) * 10 + bit as i64))
            .collect();
        trees.push(tree(&format!("source {mask}"), &entries));
    }
    trees
}

#[test]
fn merging_is_associative_for_trees_of_one_shape() {
    let trees = trees();
    for a in &trees {
        for b in &trees {
            for c in &trees {
                let left = merge(merge(a.clone(), b.clone()), c.clone());
                let right = merge(a.clone(), merge(b.clone(), c.clone()));
                assert_eq!(left, right);
            }
        }
    }
}

#[test]
fn merging_with_nothing_or_with_itself_changes_no_value() {
    for tree in trees() {
        let empty = Node::new(Map::default(), &Place::whole(SourceKind::File, "empty"));
        assert_eq!(merge(tree.clone(), empty.clone()), tree);
        assert_eq!(merge(empty, tree.clone()), tree);
        assert_eq!(merge(tree.clone(), tree.clone()), tree);
    }
}

#[test]
fn merging_leaves_what_others_hold_as_it_was() {
    let base = tree("base", &[(&["a", "x"], 1)]);
    let before = format!("{base:?}");
    let over = tree("over", &[(&["a", "x"], 2)]);
    let merged = merge(base.clone(), over);
    assert_eq!(format!("{base:?}"), before);
    assert_ne!(merged, base);
}

#[test]
fn lists_and_scalars_replace_and_remember_the_whole_chain() {
    let place = |label: &str| Place::whole(SourceKind::Flag, label);
    let one = Node::new(vec![Node::new(1_i64, &place("--a"))], &place("--a"));
    let two = Node::new(vec![Node::new(2_i64, &place("--b"))], &place("--b"));
    let three = Node::new(Scalar::plain("3"), &place("--c"));
    let merged = merge(merge(one, two), three);
    assert_eq!(merged.as_text(), Some("3"));
    let second = merged.replaced().unwrap();
    assert_eq!((&*second.text, second.place.to_string()), ("[2]", "flag --b".to_owned()));
    let first = second.before.as_ref().unwrap();
    assert_eq!((&*first.text, first.place.to_string()), ("[1]", "flag --a".to_owned()));
    assert!(first.before.is_none());
}

#[test]
fn null_replaces_and_is_then_read_as_not_written() {
    let base = tree("base", &[(&["a"], 1)]);
    let null = Overlay::flags().with_flag("--x", &["a"], Value::Scalar(Scalar::plain("null")));
    let merged = merge(base, null.root().clone());
    assert!(merged.get("a").is_none());
    assert!(merged.as_map().unwrap().get("a").unwrap().is_null());
}
