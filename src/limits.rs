//! Every bound in the gateway, with its arithmetic.
//!
//! Owns: the numbers. Refuses: a bound without a name here. Stays true: units are the last
//! word of a name, and bounds that depend on each other are tied by compile-time asserts.

/// KiB in bytes.
pub const KIB: usize = 1024;
/// MiB in bytes.
pub const MIB: usize = 1024 * KIB;

// ---- frames ---------------------------------------------------------------------------

/// Largest frame accepted from a logged-in client or a broker: Kafka's own
/// `socket.request.max.bytes` default.
pub const FRAME_BYTES_MAX: usize = 100 * MIB;
/// Largest frame before login: Kafka's `sasl.server.max.receive.size` default (512 KiB).
pub const FRAME_BYTES_BEFORE_LOGIN_MAX: usize = 512 * KIB;
/// Tagged fields in one struct (KIP-482). Kafka 4.3 knows at most four in any struct; the rest is
/// room for newer ones.
pub const TAGS_PER_STRUCT_MAX: usize = 64;
/// What a Fetch may ask of the broker at once: small enough to stay in a core's cache while it
/// is walked, checked, scanned and written.
pub const FETCH_BYTES_MAX: i32 = 4 * MIB as i32;

/// Brokers in one cluster. Kafka's own design goal is some hundreds.
pub const BROKERS_PER_CLUSTER_MAX: usize = 10_000;
/// Array elements and tagged fields in a request that is decoded to be refused: a topic each and a
/// partition each. kafka-protocol spends about 150 bytes on one, so 30 MB at most.
pub const REFUSED_ELEMENTS_MAX: usize = 2 * PARTITIONS_PER_REQUEST_MAX;
/// Bytes of the text in a refusal. It may be repeated for every element, and stays under a frame:
/// 200,000 × 256 = 51 MB.
pub const REFUSAL_TEXT_BYTES_MAX: usize = 256;

// ---- buffers --------------------------------------------------------------------------

/// A core's pool lends buffers of this size; a bigger frame gets one of its own size. Measured:
/// 256 KiB costs 15 % less CPU than 64 KiB at 64 KiB frames.
pub const BUFFER_BYTES: usize = 256 * KIB;
/// Buffers a core keeps for re-use, per size class (power-of-two classes from `BUFFER_BYTES`).
pub const BUFFERS_KEPT_PER_CLASS: usize = 16;
/// Bytes a core's pool keeps idle, over all classes.
pub const BUFFER_BYTES_KEPT: usize = 64 * MIB;

// ---- compression ----------------------------------------------------------------------

/// A batch may inflate to this: the largest frame a broker would store uncompressed.
pub const INFLATED_BYTES_MAX: usize = FRAME_BYTES_MAX;
/// Window a zstd frame may demand (2^23 = 8 MiB: the format's own recommendation for decoders,
/// RFC 8878 §3.1.1.1.2).
pub const ZSTD_WINDOW_LOG_MAX: u32 = 23;

// ---- requests in flight ---------------------------------------------------------------

/// Requests a connection may have unanswered. Java sends 5, librdkafka up to 1,000,000 in name
/// and some tens in practice; beyond this the socket is not read.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 1024;
/// Requests accepted behind a withheld reply before the socket is not read.
pub const REQUESTS_BEHIND_HOLD_MAX: usize = 32;
/// Bytes accepted behind a withheld reply before the socket is not read.
pub const BYTES_BEHIND_HOLD_MAX: usize = 8 * MIB;
/// Topic-partitions in one Produce or Fetch request.
pub const PARTITIONS_PER_REQUEST_MAX: usize = 100_000;

// ---- holds ----------------------------------------------------------------------------

/// Longest a reply is withheld, whatever a rule says: the shortest client limit measured is 30 s.
pub const HOLD_WAIT_MS_MAX: u64 = 15_000;
/// How long a reply is withheld when the rule does not say.
pub const HOLD_WAIT_MS_DEFAULT: u64 = 3_000;
/// A hold is answered within this once anything but Produce waits behind it.
pub const HOLD_WAIT_BEHIND_MS: u64 = 1_000;
/// A transactional Produce is held at most this long, then refused.
pub const TRANSACTION_HOLD_MS_MAX: u64 = 20_000;
/// Held bytes one core keeps for open requests.
pub const HELD_BYTES_PER_CORE_MAX: usize = 64 * MIB;
/// Holds pending at once, over all cores.
pub const HOLDS_PENDING_MAX: usize = 10_000;
/// Flagged records in one chunk that get a content key each; past it the chunk is blocked.
pub const CONTENT_KEYS_PER_CHUNK_MAX: usize = 100_000;
/// Rejected content is remembered and answered at once for this long.
pub const REJECTION_REMEMBERED_MS: i64 = 10 * 60 * 1000;
/// An approval is redeemable for this long when the configuration does not say.
pub const REDEEM_WITHIN_MS_DEFAULT: i64 = 60 * 60 * 1000;
/// Written sends are remembered for this long, to answer an equal send without writing it twice.
pub const WRITTEN_REMEMBERED_MS: i64 = 60 * 60 * 1000;
/// Masked samples in a summary.
pub const SUMMARY_SAMPLES_MAX: usize = 5;
/// Bytes of one sample.
pub const SUMMARY_SAMPLE_BYTES_MAX: usize = 160;

// ---- messages between threads ---------------------------------------------------------

/// Messages a core may have under way to the control thread. Full: the hold is refused with a
/// retriable error and counted.
pub const TO_CONTROL_MESSAGES_MAX: usize = 4096;
/// Messages the control thread may have under way to one core. Full: it is kept and tried again
/// at the next tick.
pub const TO_CORE_MESSAGES_MAX: usize = 4096;

// ---- time -----------------------------------------------------------------------------

/// A connection that has not logged in is closed after this.
pub const LOGIN_MS_MAX: u64 = 30_000;
/// A logged-in connection that says nothing is closed after this: a minute more than the
/// brokers' `connections.max.idle.ms` (10 min), so that the broker decides.
pub const IDLE_MS_MAX: u64 = 11 * 60 * 1000;
/// Connecting to a broker.
pub const CONNECT_MS_MAX: u64 = 10_000;
/// A write that moves nothing for this long closes the connection.
pub const STALLED_WRITE_MS_MAX: u64 = 60_000;
/// SCRAM iterations a broker may ask for: PBKDF2 costs about 0.3 µs each.
pub const SCRAM_ITERATIONS_MAX: u32 = 100_000;

// ---- audit ----------------------------------------------------------------------------

/// Entries wait in memory at most this long before they are handed to the kernel.
pub const AUDIT_FLUSH_MS: u64 = 5;
/// A segment is closed past this size.
pub const AUDIT_SEGMENT_BYTES_MAX: u64 = 64 * MIB as u64;
/// Largest payload of one entry.
pub const AUDIT_ENTRY_BYTES_MAX: usize = MIB;

// ---- identity -------------------------------------------------------------------------

/// Longest token accepted.
pub const TOKEN_BYTES_MAX: usize = 64 * KIB;
/// Clock skew allowed on `exp` and `nbf`: Kafka's own default.
pub const TOKEN_LEEWAY_S: u64 = 30;

const _: () = assert!(FRAME_BYTES_BEFORE_LOGIN_MAX <= FRAME_BYTES_MAX);
const _: () = assert!(REFUSED_ELEMENTS_MAX * REFUSAL_TEXT_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(TOKEN_BYTES_MAX < FRAME_BYTES_BEFORE_LOGIN_MAX);
const _: () = assert!(FETCH_BYTES_MAX as usize <= FRAME_BYTES_MAX);
const _: () = assert!(HOLD_WAIT_BEHIND_MS <= HOLD_WAIT_MS_MAX);
const _: () = assert!(HOLD_WAIT_MS_DEFAULT <= HOLD_WAIT_MS_MAX);
const _: () = assert!(REQUESTS_BEHIND_HOLD_MAX <= REQUESTS_IN_FLIGHT_MAX);
