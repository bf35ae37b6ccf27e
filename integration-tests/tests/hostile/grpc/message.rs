//! Messages made after their descriptors: as they should be, with some wrong values, or with bytes that make no sense.

use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use rand::{Rng, RngExt as _};

use super::known::{Household, Known, Place};
use crate::values::{self, one_of};

/// No message of ours is deeper.
const DEEPEST: usize = 5;
/// More than any list may have.
const MANY: usize = 3_000;

/// A message that can still be changed.
#[derive(Clone)]
pub(crate) struct Draft(Vec<Field>);

#[derive(Clone)]
struct Field {
    descriptor: FieldDescriptor,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Number(i64),
    Text(Vec<u8>),
    Message(Draft),
}

/// Writes messages of one RPC.
pub(crate) struct Author<'a> {
    pub(crate) known: &'a Known,
    pub(crate) rpc: &'a str,
    pub(crate) household: Household,
}

impl Author<'_> {
    /// A message whose values fit their fields.
    pub(crate) fn write(&self, random: &mut impl Rng, message: &MessageDescriptor) -> Draft {
        self.write_at(random, message, 0)
    }

    fn write_at(&self, random: &mut impl Rng, message: &MessageDescriptor, depth: usize) -> Draft {
        let mut fields = Vec::new();
        for descriptor in message.fields() {
            // what is left out has its default
            if depth >= DEEPEST || random.random_ratio(1, 8) {
                continue;
            }
            let times = if descriptor.is_list() {
                random.random_range(1..=3)
            } else {
                1
            };
            for _ in 0..times {
                let content = self.content(random, message, &descriptor, depth);
                fields.push(Field {
                    descriptor: descriptor.clone(),
                    content,
                });
            }
        }
        Draft(fields)
    }

    fn content(
        &self,
        random: &mut impl Rng,
        message: &MessageDescriptor,
        field: &FieldDescriptor,
        depth: usize,
    ) -> Content {
        match field.kind() {
            Kind::String | Kind::Bytes => {
                let place = Place {
                    rpc: self.rpc,
                    message: message.name(),
                    field: field.name(),
                };
                let text = self.known.text(random, &self.household, &place);
                Content::Text(text.into_bytes())
            }
            Kind::Message(inner) if inner.full_name() == "google.protobuf.FieldMask" => {
                let paths = changeable(message).filter(|_| random.random_bool(0.3));
                let path = inner.get_field_by_name("paths").expect("a mask has paths");
                let fields = paths.map(|name| Field {
                    descriptor: path.clone(),
                    content: Content::Text(name.into_bytes()),
                });
                Content::Message(Draft(fields.collect()))
            }
            Kind::Message(inner) => Content::Message(self.write_at(random, &inner, depth + 1)),
            Kind::Enum(values) => {
                let numbers: Vec<i64> = values.values().map(|one| one.number().into()).collect();
                Content::Number(one_of(random, &numbers))
            }
            Kind::Bool => Content::Number(random.random_range(0..=1)),
            Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64 => {
                Content::Number(Known::number(random, field.name()))
            }
            other => unreachable!("no field is of the kind {other:?}"),
        }
    }
}

/// What an update's mask may name: the fields beside it, and those of the resource beside it.
fn changeable(message: &MessageDescriptor) -> impl Iterator<Item = String> {
    message.fields().flat_map(|field| match field.kind() {
        Kind::Message(inner) if inner.full_name().starts_with("contractoros.") => inner
            .fields()
            .map(|field| field.name().to_owned())
            .collect(),
        _ => vec![field.name().to_owned()],
    })
}

impl Draft {
    /// Puts a wrong value into so many fields, wherever they stand.
    pub(crate) fn dent(&mut self, random: &mut impl Rng, times: usize, page_tokens: &[String]) {
        let mut leaves = Vec::new();
        self.collect_leaves(&mut leaves);
        if leaves.is_empty() {
            return;
        }
        for _ in 0..times {
            let place = random.random_range(0..leaves.len());
            let field = &mut *leaves[place];
            match &mut field.content {
                Content::Number(number) => *number = values::number(random),
                Content::Text(text) if field.descriptor.name() == "page_token" => {
                    *text = values::page_token(random, page_tokens);
                }
                Content::Text(text) => *text = values::text(random),
                Content::Message(_) => unreachable!("a message is no leaf"),
            }
        }
    }

    /// Repeats one of its lists very often; false where it has none.
    pub(crate) fn stretch(&mut self, random: &mut impl Rng) -> bool {
        let items: Vec<Field> = self
            .0
            .iter()
            .filter(|field| field.descriptor.is_list())
            .cloned()
            .collect();
        if items.is_empty() {
            return self.0.iter_mut().any(|field| match &mut field.content {
                Content::Message(inner) => inner.stretch(random),
                _ => false,
            });
        }
        let item = random.random_range(0..items.len());
        self.0.extend(vec![items[item].clone(); MANY]);
        true
    }

    fn collect_leaves<'a>(&'a mut self, leaves: &mut Vec<&'a mut Field>) {
        for field in &mut self.0 {
            match field.content {
                Content::Message(ref mut inner) => inner.collect_leaves(leaves),
                _ => leaves.push(field),
            }
        }
    }

    /// The bytes of the message.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in &self.0 {
            field.encode(&mut bytes);
        }
        bytes
    }
}

impl Field {
    fn encode(&self, bytes: &mut Vec<u8>) {
        let number = self.descriptor.number();
        match &self.content {
            Content::Number(value) => {
                encode_key(number, WireType::Varint, bytes);
                encode_varint(value.cast_unsigned(), bytes);
            }
            Content::Text(text) => encode_block(number, text, bytes),
            Content::Message(draft) => encode_block(number, &draft.encode(), bytes),
        }
    }
}

fn encode_block(number: u32, block: &[u8], bytes: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, bytes);
    encode_varint(block.len() as u64, bytes);
    bytes.extend_from_slice(block);
}

/// Damages the bytes of a message in one of many ways.
pub(crate) fn garble(random: &mut impl Rng, bytes: &mut Vec<u8>) {
    let place = random.random_range(0..=bytes.len());
    match random.random_range(0..14) {
        0 => bytes.truncate(place),
        1 => {
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        2 => {
            let size = random.random_range(0..200);
            *bytes = values::bytes(random, size);
        }
        // fields that nobody knows, of every wire type
        3 => {
            for number in [99, 15_000, (1 << 29) - 1] {
                encode_block(number, &values::text(random), bytes);
                encode_key(number, WireType::Varint, bytes);
                encode_varint(u64::MAX, bytes);
                encode_key(number, WireType::SixtyFourBit, bytes);
                bytes.extend_from_slice(&[0xff; 8]);
                encode_key(number, WireType::ThirtyTwoBit, bytes);
                bytes.extend_from_slice(&[0xff; 4]);
            }
        }
        // a group in a group in a group
        4 => {
            let depth = one_of(random, &[10, 99, 100, 101, 50_000]);
            for _ in 0..depth {
                encode_key(77, WireType::StartGroup, bytes);
            }
            for _ in 0..depth {
                encode_key(77, WireType::EndGroup, bytes);
            }
        }
        5 => encode_key(1, WireType::StartGroup, bytes),
        6 => encode_key(1, WireType::EndGroup, bytes),
        // a key of field 0, of no wire type, or beyond the last field
        7 => bytes.push(one_of(random, &[0x00, 0x02, 0x0e, 0x0f])),
        8 => bytes.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        // a block that is longer than the message
        9 => {
            encode_key(random.random_range(1..6), WireType::LengthDelimited, bytes);
            encode_varint(
                one_of(random, &[1_000, u64::from(u32::MAX), u64::MAX]),
                bytes,
            );
        }
        // a field of another wire type than it is of
        10 => {
            encode_key(random.random_range(1..6), WireType::Varint, bytes);
            encode_varint(random.random(), bytes);
        }
        11 => {
            encode_key(random.random_range(1..6), WireType::ThirtyTwoBit, bytes);
            bytes.extend_from_slice(&[0; 4]);
        }
        // the same field again and again: the last one counts, and parts of a message are put together
        12 => {
            let block = values::text(random);
            for _ in 0..random.random_range(2..MANY) {
                encode_block(1, &block[..block.len().min(100)], bytes);
            }
        }
        // a message in a message in a message, where any is taken
        _ => {
            let number = random.random_range(1..4);
            for _ in 0..random.random_range(1..200) {
                let inner = std::mem::take(bytes);
                encode_block(number, &inner, bytes);
            }
        }
    }
}
