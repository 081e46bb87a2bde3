use super::*;

#[test]
fn a_share_is_written_as_who_splits_and_which_of_how_many() {
    for text in ["hash:1/1", "hash:2/8", "given:8/8"] {
        assert_eq!(Share::parse(text).unwrap().to_string(), text);
    }
    for text in [
        "",
        "2/8",
        "hash",
        "hash:2",
        "sha:1/2",
        "hash:a/2",
        "hash:1/-2",
    ] {
        let message = Share::parse(text).unwrap_err();
        assert!(message.starts_with("write it as hash:K/N"), "{text}");
    }
    for text in ["hash:0/8", "hash:9/8", "given:0/0"] {
        let message = Share::parse(text).unwrap_err();
        assert!(message.starts_with("there is no share"), "{text}");
    }
    let message = Share::parse("hash:1/65537").unwrap_err();
    assert_eq!(message, "there can be at most 65536 shares");
}

/// The vectors of the documentation, of which the first two are in FNV's own.
#[test]
fn a_grants_share_follows_from_the_documented_hash() {
    let vectors: [(&str, u64, u64); 4] = [
        ("", 0xcbf2_9ce4_8422_2325, 6),
        ("a", 0xaf63_dc4c_8601_ec8c, 5),
        ("ci-bot", 0xfda9_fb6b_d33c_a329, 2),
        ("ünïcode", 0xb1b0_d403_50a2_5beb, 4),
    ];
    for (name, expected, share) in vectors {
        assert_eq!(hash(name.as_bytes()), expected, "{name}");
        assert_eq!(expected % 8 + 1, share, "{name}");
    }
    assert_eq!(implicit_hash(b"t.jsonl"), hash(b"\0t.jsonl"));
}

#[test]
fn every_grant_is_in_one_share() {
    for of in [1, 2, 3, 8, 1_000] {
        for name in ["", "a", "ann", "s-1"] {
            let hash = hash(name.as_bytes());
            let shares =
                (1..=of).filter(|index| Share::new(By::Hash, *index, of).unwrap().has(hash));
            assert_eq!(shares.count(), 1, "{name} of {of}");
        }
    }
}
