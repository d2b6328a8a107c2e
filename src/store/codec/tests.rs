//! Only what was written is read.

use super::*;

fn taken_out(key: &Key, sealed: &Sealed) -> Result<Vec<u8>, CodecFault> {
    open(key, &sealed.head, |number| {
        Ok::<_, CodecFault>(sealed.pieces.get(usize::from(number) - 1).cloned())
    })
}

#[test]
fn values_of_any_size_come_back() {
    let key = Key::from_bytes(b"key");
    for size in [0, 1, PIECE_BYTES_MAX - 1, PIECE_BYTES_MAX, PIECE_BYTES_MAX + 1, 100_000] {
        let body: Vec<u8> = (0..=255).cycle().take(size).collect();
        let sealed = seal(&key, &body).expect("not too large");
        let longest = sealed.pieces.iter().chain([&sealed.head]).map(Vec::len).max();
        assert!(longest <= Some(16 * 1024), "sled keeps larger values elsewhere");
        assert_eq!(taken_out(&key, &sealed), Ok(body));
    }
}

#[test]
fn a_flipped_bit_is_never_read() {
    let key = Key::from_bytes(b"key");
    let body = vec![7; PIECE_BYTES_MAX + 10];
    for at in (0..20).chain(PIECE_BYTES_MAX..PIECE_BYTES_MAX + HEAD_BYTES) {
        let mut sealed = seal(&key, &body).expect("not too large");
        sealed.head[at] ^= 4;
        assert!(taken_out(&key, &sealed).is_err(), "byte {at} of the head");
    }
    for at in 0..10 {
        let mut sealed = seal(&key, &body).expect("not too large");
        sealed.pieces[0][at] ^= 4;
        assert!(taken_out(&key, &sealed).is_err(), "byte {at} of the piece");
    }
}

#[test]
fn a_value_under_a_wrong_key_is_not_read() {
    let sealed = seal(&Key::from_bytes(b"mine"), b"coins").expect("not too large");
    let read = taken_out(&Key::from_bytes(b"yours"), &sealed);
    assert_eq!(read, Err(CodecFault::Checksum));
}

#[test]
fn a_missing_piece_is_noticed() {
    let key = Key::from_bytes(b"key");
    let mut sealed = seal(&key, &vec![1; 40_000]).expect("not too large");
    sealed.pieces.pop();
    assert_eq!(taken_out(&key, &sealed), Err(CodecFault::Piece(2)));
}
