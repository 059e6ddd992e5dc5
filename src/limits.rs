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
/// is walked, checked, scanned and written, and with 64 KiB for what is around the records within
/// one buffer of 4 MiB: a full reply would otherwise be moved to one of 16 MiB.
pub const FETCH_BYTES_MAX: i32 = (4 * MIB - 64 * KIB) as i32;

/// Topic ids whose names are kept, per cluster. An entry is about 100 bytes with a name of 30: 20 MB
/// when full, twice that while it is replaced. Past it the map starts again from nothing.
pub const TOPIC_IDS_KEPT_MAX: usize = 200_000;
/// Topic ids whose names are asked for at once: what one request may name beyond these is answered
/// UNKNOWN_TOPIC_ID, and the client asks again. 18 KB of request.
pub const TOPIC_IDS_ASKED_MAX: usize = 1_000;
/// Brokers in one cluster. Kafka's own design goal is some hundreds.
pub const BROKERS_PER_CLUSTER_MAX: usize = 10_000;
/// Array elements and tagged fields in a request that is decoded to be refused: a topic each and a
/// partition each. kafka-protocol spends about 150 bytes on one, so 30 MB at most.
pub const REFUSED_ELEMENTS_MAX: usize = 2 * PARTITIONS_PER_REQUEST_MAX;
/// Values in a message that is taken apart into a tree, defaults of absent fields among them: 100,000
/// topics with nine each. A value takes 40 bytes and its text, so 40 MB and the frame again.
pub const MESSAGE_VALUES_MAX: usize = 1_000_000;
/// Bytes of the text in a refusal. It may be repeated for every element, and stays under a frame:
/// 200,000 × 256 = 51 MB.
pub const REFUSAL_TEXT_BYTES_MAX: usize = 256;

// ---- buffers --------------------------------------------------------------------------

/// Smallest buffer a core's pool lends; classes grow fourfold: 16 KiB, 64 KiB, 256 KiB … A
/// connection that fills its buffer gets the next class, so idle chatter stays small and bulk
/// transfers read 256 KiB and more at a time (15 % less CPU than 64 KiB at 64 KiB frames).
pub const BUFFER_BYTES_SMALLEST: usize = 16 * KIB;
/// A connection starts its next buffer at the class its last one reached, up to this.
pub const BUFFER_BYTES_REMEMBERED_MAX: usize = 4 * MIB;
/// Bytes of frames that clients which have not logged in may have under way, per core: 2,048 logins
/// at once, or 32 of the largest. Apart from everybody else's, so that strangers who send half a
/// frame and wait can delay logins and nothing more.
pub const LOGIN_BUFFER_BYTES_PER_CORE_MAX: usize = 32 * MIB;
/// Longest PROXY protocol header: 16 bytes, addresses of at most 216, and what a load balancer adds
/// (names, certificates' subjects, an endpoint's id), which is some hundred.
pub const PROXY_HEADER_BYTES_MAX: usize = 4 * KIB;
/// Buffers a core keeps for re-use, per size class.
pub const BUFFERS_KEPT_PER_CLASS: usize = 16;
/// Bytes a core's pool keeps idle, over all classes.
pub const BUFFER_BYTES_KEPT: usize = 64 * MIB;

// ---- TLS ------------------------------------------------------------------------------

/// Memory that a core decrypts into and encrypts from, shared by its connections: as large as a read
/// of bulk is, and small enough to stay in the core's cache.
pub const TLS_SCRATCH_BYTES: usize = 256 * KIB;
/// Plain bytes sealed at once. What the kernel does not take of them waits with the connection:
/// 128 KiB and 22 to 29 bytes for each of the 8 records, far less than the kernel's own send buffer.
/// More than 64 KiB, so that a frame of 64 KiB with its head is one write and wakes its reader once.
pub const TLS_SEAL_BYTES: usize = 128 * KIB;
/// A long write lets the core's other connections have their turn after this much.
pub const TLS_TURN_BYTES: usize = 512 * KIB;
/// Bytes of a handshake, or of a record that is not whole, that a connection may keep: 64 KiB, which
/// is also what rustls takes for one handshake message. A record has at most 16 KiB + 2 KiB (RFC 5246
/// §6.2.3), so that this much is only kept while a message of many records is put together. An idle
/// connection keeps nothing but its keys and what rustls notes beside them, some KiB.
pub const TLS_KEPT_BYTES_MAX: usize = 64 * KIB;
/// Largest record on the wire: its header, 16 KiB, and what sealing may add (RFC 5246 §6.2.3).
pub const TLS_RECORD_BYTES_MAX: usize = 5 + 18 * KIB;
/// Time between two lines of a core's log about connections that were not opened properly.
pub const OPENING_FAULT_LOG_MS: i64 = 1_000;
/// How often the files of certificates are looked at.
pub const CERTIFICATES_RELOAD_S: u64 = 30;

// ---- before login ---------------------------------------------------------------------

/// Connections of one core that have not logged in: as many as can have a frame under way in
/// `LOGIN_BUFFER_BYTES_PER_CORE_MAX` (2,048 × 16 KiB = 32 MiB). One more, and the oldest of the
/// source with the most is closed: a login takes milliseconds, so the oldest is the one that
/// does not log in, and nobody who comes new is ever turned away.
pub const STRANGERS_PER_CORE_MAX: usize = 2048;
/// The same from one source (an IPv4 address, or an IPv6 /64): half, so that one source never
/// costs another its place. 300 clients behind one address with three connections each fit.
pub const STRANGERS_PER_SOURCE_MAX: usize = STRANGERS_PER_CORE_MAX / 2;
/// Connections to brokers that one core opens for clients whose login passes through and has not
/// succeeded: with 16 cores 4,096 over all brokers. More clients than that wait their turn.
pub const RELAYED_LOGINS_PER_CORE_MAX: usize = 256;
/// The same for one source: half.
pub const RELAYED_LOGINS_PER_SOURCE_MAX: usize = RELAYED_LOGINS_PER_CORE_MAX / 2;
/// A relayed login that has had its place this long loses it when others wait: SCRAM with a
/// slow client (100,000 rounds of PBKDF2 in JavaScript) over a bad line takes half a second.
pub const RELAYED_LOGIN_MS_KEPT: i64 = 3_000;
/// Refused logins that one core writes down one by one: so many at once, then
/// `REFUSALS_RECORDED_PER_S`; the rest is counted in one entry a second. At 400 bytes each:
/// (86,400 + 86,400) × 400 B = 69 MB a day and core, however many come.
pub const REFUSALS_RECORDED_AT_ONCE: u32 = 100;
/// See `REFUSALS_RECORDED_AT_ONCE`.
pub const REFUSALS_RECORDED_PER_S: u32 = 1;
/// Refusals that one source gets at once; the next are held back by `REFUSAL_DELAY_MS`. A person who
/// mistypes sees no delay; a service with an expired token that tries in a loop does.
pub const REFUSALS_PROMPT: u8 = 8;
/// How long: ten times Kafka's `connection.failed.authentication.delay.ms`. A connection that waits
/// keeps its socket and its place among the strangers, and no buffer.
pub const REFUSAL_DELAY_MS: u64 = 1_000;
/// A connection that has not logged in this long goes first when there is no memory for logins: a
/// login's frames take one round trip.
pub const STRANGER_MS_KEPT: i64 = 1_000;
/// So many go at a tick, oldest first: 640 a second, each with at least 16 KiB.
pub const STRANGERS_CLOSED_PER_TICK: usize = 32;
/// Who waits for a place to log in to a broker looks again this often: 2,048 who wait are 20,000
/// looks a second, some milliseconds of the core's time.
pub const RELAY_PLACE_LOOK_MS: u64 = 100;
/// Counters of refusals, by hash of the source, per core: 1 KiB. Two sources that share one share
/// delays of refusals, never of logins.
pub const REFUSAL_COUNTERS: usize = 1024;

// ---- compression ----------------------------------------------------------------------

/// A batch may inflate to this: the largest frame a broker would store uncompressed.
pub const INFLATED_BYTES_MAX: usize = FRAME_BYTES_MAX;
/// The compressed batches of one Produce request or Fetch reply may inflate to this, give or take the
/// last one: a frame of 100 MiB can name 10,000 batches of 100 MiB each, which would keep a core from
/// everybody else for minutes. This much is under a second.
pub const INFLATED_BYTES_PER_FRAME_MAX: usize = 512 * MIB;
/// Memory for inflated batches that a core keeps from one frame to the next.
pub const INFLATED_BYTES_KEPT: usize = 16 * MIB;
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

/// Refused topic-partitions of one request or reply that get an entry each in the audit; one more
/// stands for all others. 256 entries of about 500 bytes and as many writes are a few milliseconds.
pub const REFUSALS_PER_FRAME_MAX: usize = 256;
/// Rules that the entry for all others names.
pub const REFUSED_RULES_LISTED_MAX: usize = 16;

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
/// Holds pending at once for one principal: a quarter of all, so that one runaway producer does not
/// close the desk to the others.
pub const HOLDS_PENDING_PER_PRINCIPAL_MAX: usize = HOLDS_PENDING_MAX / 4;
/// Holds kept in memory, pending or remembered: ten times the pending ones.
pub const HOLDS_KEPT_MAX: usize = 10 * HOLDS_PENDING_MAX;
/// Content keys kept over all holds: ten chunks of the largest kind. At about 200 bytes each
/// (index, account, send) 200 MiB.
pub const CONTENT_KEYS_KEPT_MAX: usize = 10 * CONTENT_KEYS_PER_CHUNK_MAX;
/// How long a Fetch reply with nothing but withheld records is kept back. A consumer whose grant is pending would
/// ask again at once, and the broker send the same records again: so it is one fetch a second. What shares the
/// connection (kafkajs and sarama: heartbeats of a group) waits no longer than behind a held Produce.
pub const WITHHELD_REPLY_MS: u64 = HOLD_WAIT_BEHIND_MS;
/// How often a reply that is kept back looks whether something was granted.
pub const WITHHELD_LOOK_MS: u64 = 50;
/// For how long a core remembers that people said no to a read, before it asks the desk again (which remembers it for
/// ten minutes): as often as an impatient application polls.
pub const WITHHELD_NO_MS: i64 = 5_000;
/// A read that no fetch came back for is nobody's any more: the longest that consumers wait between two fetches by
/// default (Kafka's `fetch.max.wait.ms` is half a second) and then some.
pub const WITHHELD_IDLE_MS: i64 = 30_000;
/// Reads of one core that wait for a grant: past that, nothing is asked and nothing passes. At half a KiB each 2 MiB.
pub const WITHHELD_READS_PER_CORE_MAX: usize = 4_096;
/// How long a grant with an end may last: a second, for tests, to a year. What is to last longer has no end and
/// is revoked.
pub const GRANT_MS: (i64, i64) = (1_000, 365 * 24 * 60 * 60 * 1000);
/// Grants asked for or in force at once, over all cores: half of the holds kept, so that records can still be
/// held. A snapshot has 48 bytes for each (2.3 MiB), and a look-up 16 steps.
pub const GRANTS_MAX: usize = HOLDS_KEPT_MAX / 2;
/// Bytes of the line that says what is to be granted: three names of `NAME_BYTES_MAX` and words between.
pub const GRANT_ABOUT_BYTES_MAX: usize = KIB;
/// Bytes of what is shown below it, such as a schema's diff: as much as a summary.
pub const GRANT_DETAIL_BYTES_MAX: usize = 8 * KIB;
/// Chunks that wait at the desk at once, over all cores.
pub const TICKETS_OPEN_MAX: usize = 2 * HOLDS_PENDING_MAX;
/// Longest reason of a review: it has to fit into a client's error message.
pub const REVIEW_REASON_BYTES_MAX: usize = 1000;
/// Masked samples in a summary.
pub const SUMMARY_SAMPLES_MAX: usize = 5;
/// Bytes of one sample.
pub const SUMMARY_SAMPLE_BYTES_MAX: usize = 160;
/// Flagged records whose shapes a summary adds up, and the first of the records that it names.
pub const SUMMARY_SHAPED_RECORDS_MAX: usize = 5;
/// Flagged records that a summary names by their index in the batch.
pub const SUMMARY_RECORDS_MAX: usize = 100;
/// Findings that a summary describes one by one.
pub const SUMMARY_FINDINGS_MAX: usize = 20;
/// Bytes of the masked text around one finding.
pub const SUMMARY_AROUND_BYTES_MAX: usize = 80;
/// Bytes of a record's field that a summary walks for shapes and paths: 1 ms, once for each field shown.
pub const SUMMARY_WALK_BYTES_MAX: usize = 512 * KIB;
/// Findings of one field that its shape marks: ten thousand are sorted in a millisecond.
pub const SUMMARY_MARKS_MAX: usize = 10_000;
/// Bytes of one summary's text: a shape of a wide record (4 KiB), five samples (0.8 KiB) and a dozen
/// findings of 250 bytes each. Ten thousand pending holds of the worst kind: 80 MiB; a hold of one small
/// record has less than 1 KiB.
pub const SUMMARY_TEXT_BYTES_MAX: usize = 8 * KIB;

/// Topics a connection caches the applicable rules of; topic names come from outside.
pub const SCOPES_CACHED_MAX: usize = 4096;

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
/// A connection that was silent for this long gives its read buffer back.
pub const BUFFER_IDLE_MS: i64 = 1_000;
/// The core's clock ticks, and waits of holds are looked at, this often.
pub const TICK_MS: u64 = 50;
/// The sweep over a core's connections.
pub const SWEEP_MS: u64 = 1_000;
/// Submission entries of a core's ring; the completion ring has twice as many, and the kernel
/// keeps what does not fit (IORING_FEAT_NODROP).
pub const RING_ENTRIES: u32 = 4096;
/// Cores at most: chain names have two digits and session ids 16 bits for the core.
pub const CORES_MAX: usize = 99;
/// Descriptors kept free of clients' connections: rings, the audit's segments, the log of
/// holds, some HTTP. Without them a flood of connections would end the audit, and so the gateway.
pub const DESCRIPTORS_KEPT: u64 = 192;
/// Sockets that listen for brokers, kept free per core and listener beside the bootstrap's own: as
/// many brokers as most clusters have. A larger cluster takes some from clients' connections.
pub const DESCRIPTORS_PER_LISTENER: u64 = 16;
/// Descriptors of one connection: the client's side and the broker's.
pub const DESCRIPTORS_PER_CONNECTION: u64 = 2;
/// Connections that wait to be accepted, per core and port (the kernel caps it at
/// `net.core.somaxconn`).
pub const ACCEPT_BACKLOG: i32 = 4096;
/// Pause after a failed accept (out of descriptors, mostly).
pub const ACCEPT_PAUSE_MS: u64 = 50;
/// Requests in flight may finish for this long when the gateway stops.
pub const DRAIN_MS_MAX: u64 = 10_000;
/// Connecting to a broker.
pub const CONNECT_MS_MAX: u64 = 10_000;
/// Connecting to any broker of those that will do, the gateway's own login included; what the
/// client sends meanwhile waits in its socket. As long as stock clients wait for a reply (30 s).
pub const CONNECT_IN_ALL_MS_MAX: u64 = 30_000;
/// Replies that a client which has closed its side is still owed may take this long.
pub const HALF_CLOSED_MS_MAX: u64 = 30_000;
/// The gateway's own session at a broker is renewed when this much of its life is over, in per cent,
/// spread over the two so that connections of the same moment are not renewed in one: where the
/// Java client does it (KIP-368).
pub const UPSTREAM_RENEWAL_PERCENT: (i64, i64) = (85, 95);
/// And this long before its end at least: the sweep looks once a second.
pub const UPSTREAM_RENEWAL_MS_SPARE: i64 = 2 * SWEEP_MS as i64;
/// A write that moves nothing for this long closes the connection.
pub const STALLED_WRITE_MS_MAX: u64 = 60_000;
/// A frame that a client has begun is whole within this, or the memory it occupies is wanted back:
/// twice the longest request timeout among stock clients (librdkafka's 60 s).
pub const FRAME_MS_MAX: u64 = 120_000;
/// SCRAM iterations a broker may ask for: PBKDF2 costs about 0.3 µs each.
pub const SCRAM_ITERATIONS_MAX: u32 = 100_000;

// ---- audit ----------------------------------------------------------------------------

/// Entries wait in memory at most this long before they are handed to the kernel.
pub const AUDIT_FLUSH_MS: u64 = 50;
/// A segment is closed past this size.
pub const AUDIT_SEGMENT_BYTES_MAX: u64 = 64 * MIB as u64;
/// Largest payload of one entry.
pub const AUDIT_ENTRY_BYTES_MAX: usize = MIB;
/// Entries gather in memory up to this before they are handed to the kernel early.
pub const AUDIT_BUFFER_BYTES: usize = 256 * KIB;
/// Names of topics, and of other things, in one entry of an operation; the rest is counted. With
/// `AUDIT_NAME_BYTES_MAX` 32 KB, far under `AUDIT_ENTRY_BYTES_MAX`.
pub const AUDIT_NAMES_MAX: usize = 64;
/// Bytes of such a name: Kafka's own bound for a topic's (249), and a word before it.
pub const AUDIT_NAME_BYTES_MAX: usize = 256;
/// One `traffic` entry is closed past this, so that a request of any shape gives entries that are
/// well under `AUDIT_ENTRY_BYTES_MAX`: names, chunks and CRCs, then one more topic name of at most
/// 32 KiB (Kafka's string length is an int16).
pub const AUDIT_TRAFFIC_BYTES_MAX: usize = 256 * KIB;
/// Batch CRCs (4 B each) that one `traffic` entry lists; the rest is folded into one per chunk.
pub const AUDIT_TRAFFIC_CRCS_MAX: usize = 64 * KIB;
/// Segments that may wait for their sync before the writer stops: 8 x 64 MiB behind is a disk
/// that does not keep up, and what is not synced is not proved.
pub const AUDIT_SEGMENTS_UNSYNCED_MAX: usize = 8;
/// Longest name of a chain: the field in the segment's header.
pub const AUDIT_CHAIN_NAME_BYTES_MAX: usize = 32;
/// A reader of the audit takes this much from a file at a time.
pub const AUDIT_READ_BYTES: usize = 256 * KIB;
/// Behind damage, a reader tries this many places that look like an entry before it gives up on
/// the segment: bounds the work that a crafted file can cause to 1,000 checksums of 1 MiB.
pub const AUDIT_RESYNC_TRIES_MAX: usize = 1000;
/// Faults that `audit verify` lists one by one; the rest is counted.
pub const AUDIT_FAULTS_LISTED_MAX: usize = 1000;
/// Open sessions whose principal `audit query` remembers (about 100 B each: 100 MiB).
pub const AUDIT_QUERY_SESSIONS_MAX: usize = 1_000_000;

// ---- identity -------------------------------------------------------------------------

/// Longest token accepted.
pub const TOKEN_BYTES_MAX: usize = 64 * KIB;
/// Clock skew allowed on `exp` and `nbf`: Kafka's own default.
pub const TOKEN_LEEWAY_S: u64 = 30;
/// Longest key id (`kid`) read from a token or a key set; RFC 7638 thumbprints are 43 bytes.
pub const KEY_ID_BYTES_MAX: usize = 256;
/// Longest principal name. Longer than any URI, e-mail address or UUID an issuer uses as `sub`.
pub const PRINCIPAL_BYTES_MAX: usize = 512;
/// Groups read from one token: more than any issuer puts into one before it switches to a
/// reference (Entra ID stops at 200).
pub const GROUPS_PER_TOKEN_MAX: usize = 1024;
/// Longest group name.
pub const GROUP_BYTES_MAX: usize = 512;
/// Claims that one policy may ask for: a session keeps the values of each.
pub const CLAIMS_ASKED_MAX: usize = 32;
/// Longest name of a claim that a rule asks for; namespaced ones are URLs.
pub const CLAIM_NAME_BYTES_MAX: usize = 256;
/// Name=value pairs beside `auth` in one OAUTHBEARER message.
pub const SASL_EXTENSIONS_MAX: usize = 32;
/// Longest SCRAM message accepted from a broker. A nonce, a salt and a count need some 200 bytes.
pub const SCRAM_MESSAGE_BYTES_MAX: usize = 4 * KIB;
/// Keys read from one issuer's key set; issuers publish two to ten.
pub const JWKS_KEYS_MAX: usize = 128;
/// Largest discovery document or key set read: 128 RSA-4096 keys with certificate chains.
pub const JWKS_BYTES_MAX: usize = MIB;
/// Time between two fetches of an issuer's keys: Kafka's own default.
pub const KEYS_REFRESH_S: u64 = 60 * 60;
/// An issuer that cannot be reached keeps its last keys for this long, then they are dropped.
pub const KEYS_STALE_S_MAX: u64 = 24 * 60 * 60;
/// One request to an issuer.
pub const ISSUER_REQUEST_MS_MAX: u64 = 10_000;
/// Pause after a failed fetch of keys: doubles from the first to the second.
pub const KEYS_RETRY_S: (u64, u64) = (1, 60);
/// Refreshes that unknown key ids may cause in a burst, over all issuers.
pub const KEY_REFRESH_BURST: u32 = 5;
/// One more such refresh is allowed every this many seconds.
pub const KEY_REFRESH_EVERY_S: u64 = 10;
/// A key id that was asked for is not asked for again within this. Ids are only remembered when
/// they caused a refresh, so 5 + 60 / 10 = 11 of them at most.
pub const KEY_ID_REMEMBERED_S: u64 = 60;
/// How long a login may wait for the refresh that its key id caused.
pub const KEY_REFRESH_WAIT_MS_MAX: u64 = 2_000;
/// Redirects followed while fetching keys, all within one host.
pub const ISSUER_REDIRECTS_MAX: usize = 3;

// ---- discovery of brokers -------------------------------------------------------------

/// Time between two looks at the cluster's brokers.
pub const BROKERS_REFRESH_S: u64 = 30;
/// Pause after a failed look, doubling up to `BROKERS_REFRESH_S`, and least time between two.
pub const BROKERS_RETRY_S: u64 = 1;
/// Metadata version asked for while discovering: the newest that frames and brokers from Kafka
/// 2.8 to 4 have in common is taken, up to this.
pub const DISCOVERY_METADATA_VERSION_MAX: i16 = 12;
/// One exchange with a broker while discovering.
pub const DISCOVERY_REQUEST_MS_MAX: u64 = 10_000;
/// Largest reply read while discovering. No topic is asked for: a reply grows with brokers
/// only, at most some 800 bytes each (`host` and `rack` of 255), so this is 20,000 of them.
pub const DISCOVERY_FRAME_BYTES_MAX: usize = 16 * MIB;

// ---- scan -----------------------------------------------------------------------------

/// Bytes looked over for the footer of a private key: RSA of 16,384 bits takes 12.7 KB in PEM.
pub const PRIVATE_KEY_BYTES_MAX: usize = 16 * KIB;
/// Longest header of a JSON web token, in base64: one certificate chain of three (`x5c`) takes 6 KB.
pub const JWT_HEADER_BYTES_MAX: usize = 8 * KIB;
/// Longest payload of one. Proxies refuse request headers of 8 or 16 KiB, so few tokens have more.
pub const JWT_PAYLOAD_BYTES_MAX: usize = 16 * KIB;
/// Longest signature of one: RSA of 16,384 bits takes 2,731 bytes, ML-DSA-87 6,170.
pub const JWT_SIGNATURE_BYTES_MAX: usize = 8 * KIB;

/// `lockgate scan` reads text this much at a time: whole lines of it are one body for the engine. As
/// much as a core's second cache holds, and what is left over is small beside it.
pub const SCAN_BLOCK_BYTES: usize = MIB;
/// A line longer than a block is seen in parts that share twice this much: what begins within this
/// much of a part's edge is left to the part that sees as much on either side of it. The longest
/// finding, a private key of 16,384 bits in PEM, has 13 KiB; a token may have `TOKEN_BYTES_MAX`.
/// A JSON name speaks for no more of such a line than its part, 896 KiB on at least, and something
/// encoded that is longer is seen in pieces.
pub const SCAN_LINE_OVERLAP_BYTES: usize = TOKEN_BYTES_MAX;
/// Largest record batch read from a log segment: no broker takes in a larger one. With what it may
/// inflate to, two such bounds of memory for each input that is read at the moment.
pub const SCAN_BATCH_BYTES_MAX: usize = FRAME_BYTES_MAX;
/// Places that the table names of each detector in each input.
pub const SCAN_PLACES_SHOWN_MAX: usize = 3;
/// Unreadable batches of one input that are told of one by one; the rest is counted.
pub const SCAN_FAULTS_LISTED_MAX: usize = 5;
/// Lines of JSON gather up to this before they are handed on, `SCAN_CHUNKS_WAITING_MAX` times for an
/// input that has begun before its turn to be printed came: 256 KiB for each.
pub const SCAN_CHUNK_BYTES: usize = 64 * KIB;
/// See `SCAN_CHUNK_BYTES`.
pub const SCAN_CHUNKS_WAITING_MAX: usize = 4;
/// A scan that takes longer than this shows a bar, where there is somebody to see it.
pub const SCAN_BAR_AFTER_MS: u64 = 1_000;
const _: () = assert!(4 * SCAN_LINE_OVERLAP_BYTES < SCAN_BLOCK_BYTES);
const _: () = assert!(SCAN_BLOCK_BYTES < u32::MAX as usize);
const _: () = assert!(SCAN_CHUNK_BYTES < SCAN_BLOCK_BYTES);

/// Topics of a cluster that one scan reads. A tally is some hundred bytes a detector that fires and a path,
/// `SAMPLE_PLACES_MAX` of those at most: with five detectors in every topic 100 MB.
pub const SAMPLE_TOPICS_MAX: usize = 20_000;
/// Paths that are told of one detector in one topic; the rest is counted.
pub const SAMPLE_PLACES_MAX: usize = 8;
/// Records read of each partition where nobody says: enough to see what is in one record of a hundred.
pub const SAMPLE_RECORDS: u32 = 1_000;
/// How long a scan of a cluster may take where nobody says, in seconds.
pub const SAMPLE_SECONDS: u64 = 120;
/// Brokers that are read from at once.
pub const SAMPLE_BROKERS_AT_ONCE: usize = 4;
/// Partitions in one request of a scan.
pub const SAMPLE_PARTITIONS_AT_ONCE: usize = 32;
/// Bytes of one reply to it, and of one partition in it. A broker sends a first batch whole that is larger,
/// up to its own bound; more than `FRAME_BYTES_MAX` is a fault. With a reply being taken apart, one on its
/// way and `SAMPLE_REPLIES_WAITING` partitions waiting, some 20 MB for each broker.
pub const SAMPLE_FETCH_BYTES_MAX: i32 = 8 * MIB as i32;
/// See `SAMPLE_FETCH_BYTES_MAX`.
pub const SAMPLE_PARTITION_BYTES_MAX: i32 = MIB as i32;
/// Parts of partitions that were read and nobody has looked at yet.
pub const SAMPLE_REPLIES_WAITING: usize = 4;
/// How long a broker may wait for a first byte, which it has: the offsets were its own.
pub const SAMPLE_FETCH_WAIT_MS: i32 = 500;
/// Replies in a row without a record after which the rest of the partitions asked for is given up.
pub const SAMPLE_ROUNDS_WITHOUT_RECORDS: u32 = 3;
/// Places in a partition that a spread sample takes its records from.
pub const SAMPLE_SLICES: i64 = 8;
/// A gateway that only observes says what it saw after so many seconds, then after twice as many, and so on
/// up to the second: each time it reads its audit from the start.
pub const OBSERVE_TELL_S: (u64, u64) = (60, 3_600);

/// JSON objects and arrays named by a keyword that speak at once, one in another. Each is read to its
/// end when it opens, so this is how often a byte may be read for it.
pub const SCAN_SCOPES_OPEN_MAX: usize = 4;

/// Words or names of one detector of the user's, and such detectors. The tables that tell where a word
/// may begin let more through the more words there are: 2,000 cost about a third of the speed.
pub const CUSTOM_WORDS_MAX: usize = 500;
/// See `CUSTOM_WORDS_MAX`. A `DetectorSet` has 128 bits, the built-in ones take fewer than half.
pub const CUSTOM_DETECTORS_MAX: usize = 64;
/// Bytes before a finding in which words are looked for that name an object or array around it, to tell a
/// reviewer: the slow way, 5 ns a byte, 0.1 ms a finding.
pub const EXPLAINED_BYTES_MAX: usize = 16 * KIB;
/// Words told of one finding. A few spellings of one thing stand together at most.
pub const EXPLAINED_WORDS_MAX: usize = 4;
/// Memory of one user's pattern, compiled, and again for its cache on each core.
pub const CUSTOM_PATTERN_BYTES_MAX: usize = 2 * MIB;

// ---- scan: formats --------------------------------------------------------------------

/// Levels of a JSON text whose names and indexes are kept: what serde_json reads by default, and
/// more than .NET (64) or Elasticsearch (20) do. Deeper levels are walked and not named. 130 levels
/// of 24 B: 3 KiB on the stack of whoever walks.
pub const JSON_NESTING_MAX: usize = 128;
/// Longest field name that rules compare; a longer one counts as one that every rule names. A path of
/// `PATH_ELEMENTS_MAX` such names is 32 KiB, once a core.
pub const FIELD_NAME_BYTES_MAX: usize = 256;
/// Longest pattern for a field's path, and its levels: deeper than records are in practice.
pub const FIELD_PATTERN_BYTES_MAX: usize = 256;
/// See [`FIELD_PATTERN_BYTES_MAX`].
pub const FIELD_PATTERN_LEVELS_MAX: usize = 32;
/// Fields that one rule may name.
pub const FIELDS_PER_RULE_MAX: usize = 64;
/// Numbers and names that one rule about topics may list under one key.
pub const TOPIC_TERMS_MAX: usize = 64;
/// Comparisons of a finding's path with a pattern in one batch; past them every finding counts. About 100 ns
/// each, so a tenth of a second; what they may leave is 8 B each, 8 MiB a core.
pub const FIELD_LOOKS_MAX: usize = 1_000_000;
/// Longest field name that is shown as it is; a longer one is shown by its length alone.
pub const SHOWN_NAME_BYTES_MAX: usize = 64;
/// Longest field path that is shown; the middle of a longer one is left out.
pub const SHOWN_PATH_BYTES_MAX: usize = 256;
/// Elements of a path that are given out; of a longer one the first so many and the last.
pub const PATH_ELEMENTS_MAX: usize = JSON_NESTING_MAX;
/// Longest text of a schema, with all it refers to: the largest that people register have a few
/// hundred KiB.
pub const SCHEMA_BYTES_MAX: usize = 4 * MIB;
/// Types and fields of one compiled schema; the largest of health care and of trading have some
/// thousands. About 100 B each with their names: 3 MiB.
pub const SCHEMA_NODES_MAX: usize = 32 * 1024;
/// Longest full name of a type; 32,768 of them are 16 MiB while a schema is compiled.
pub const SCHEMA_NAME_BYTES_MAX: usize = 512;
/// Levels of an Avro datum that are open at once, which only types that refer to themselves can
/// reach, such as lists. 4,096 frames of 64 B: 256 KiB, kept for the next datum.
pub const AVRO_DEPTH_MAX: usize = 4096;
/// Values of an Avro datum that take no byte (nulls, empty records) beyond those that its bytes pay
/// for: an array may claim any number of them.
pub const AVRO_VALUES_FREE_MAX: usize = 4096;
/// Values that one byte of an Avro datum pays for: a union's branch that is a record of records.
pub const AVRO_VALUES_PER_BYTE_MAX: usize = 32;
/// Levels of a Protobuf message that are walked: Java and C++ read 100. 96 B each.
pub const PROTOBUF_DEPTH_MAX: usize = 256;
/// Levels that are taken for messages by their look alone. Each byte is looked at once a level.
pub const PROTOBUF_GUESSED_DEPTH_MAX: usize = 16;
/// Highest field number that is believed without a schema; people number from 1 and in hundreds.
pub const PROTOBUF_GUESSED_FIELD_MAX: u32 = 10_000;
/// Repeated fields of one message whose elements are counted when they come interleaved, as no
/// encoder writes them; of others the count starts again.
pub const PROTOBUF_COUNTS_MAX: usize = 32;
/// Messages within messages in the text of a schema.
pub const PROTO_NESTING_MAX: usize = 64;
/// Places that a shape tells apart: about 300 B each with their names, 150 KiB. A table of 500
/// columns is the widest that people use.
pub const SHAPE_NODES_MAX: usize = 512;
/// Levels of a shape; what is deeper is shown as `…`.
pub const SHAPE_DEPTH_MAX: usize = 16;
/// Bytes of a shape as text: what fits a page of a reviewer's screen.
pub const SHAPE_TEXT_BYTES_MAX: usize = 4 * KIB;
/// Detectors named at one place of a shape.
pub const SHAPE_DETECTORS_MAX: usize = 8;
/// Message indexes in front of a Protobuf payload: one for each level of message types, which
/// people nest two or three deep.
pub const MESSAGE_INDEXES_MAX: usize = 16;

/// Text that the binary records of one batch are read as: their values and, for each of them, its field's
/// name. A core keeps `INFLATED_BYTES_KEPT` of it from batch to batch.
pub const RENDITION_BYTES_MAX: usize = 64 * MIB;
/// Values in that text: 20 B each, 40 MiB.
pub const RENDITION_PIECES_MAX: usize = 2 * 1024 * 1024;

/// Fewest bytes that may be a record of a format: nine digits take a varint of four, and its tag one.
pub const WALK_PAYLOAD_BYTES_MIN: usize = 4;
/// Unknown schemas of one batch that are asked for at once; topics have a few.
pub const WALK_MISSING_MAX: usize = 16;

// ---- registries of schemas ------------------------------------------------------------

/// One request to a registry.
pub const REGISTRY_REQUEST_MS_MAX: u64 = 10_000;
/// An answer of a registry: a schema's text, every character of it escaped.
pub const REGISTRY_ANSWER_BYTES_MAX: usize = 2 * SCHEMA_BYTES_MAX;
/// Schemas that one schema refers to, over all levels.
pub const REGISTRY_REFERENCES_MAX: usize = 128;
/// How long records wait for a schema that nobody has asked for yet, unless the configuration says otherwise:
/// several times what a registry takes to answer, and far less than clients wait for an answer (30 s).
pub const REGISTRY_WAIT_MS: u64 = 3_000;
/// The longest that the configuration may say.
pub const REGISTRY_WAIT_MS_MAX: u64 = 10_000;
/// A core looks this often whether a schema has come, while somebody waits for one.
pub const REGISTRY_LOOK_MS: u64 = 10;
/// Requests to one registry at once.
pub const REGISTRY_REQUESTS_AT_ONCE: usize = 4;
/// Ids that may be asked for in a burst; records name ids, and whoever writes records can make them up.
pub const REGISTRY_ASK_BURST: u32 = 100;
/// One more id may be asked for every this many milliseconds.
pub const REGISTRY_ASK_EVERY_MS: u64 = 100;
/// Ids that wait to be asked for; past it a core's wish is dropped, and made again by the next record.
pub const REGISTRY_WISHES_MAX: usize = 1024;
/// An id that the registry did not have is asked for again after this, when a record names it.
pub const REGISTRY_ABSENT_S: u64 = 30;
/// Ids remembered as absent: a burst, and what comes in `REGISTRY_ABSENT_S` after it.
pub const REGISTRY_ABSENT_MAX: usize = 1024;
/// Pause after a failed request: doubles from the first to the second.
pub const REGISTRY_RETRY_MS: (u64, u64) = (1_000, 30_000);
/// Schemas kept of one registry; large companies have some thousands.
pub const REGISTRY_SCHEMAS_MAX: usize = 20_000;
/// Bytes of the texts of all schemas of one registry.
pub const REGISTRY_TEXT_BYTES_MAX: usize = 256 * MIB;

const _: () = assert!(
    REGISTRY_ASK_BURST as u64 + REGISTRY_ABSENT_S * 1000 / REGISTRY_ASK_EVERY_MS
        <= REGISTRY_ABSENT_MAX as u64
);

// ---- scan: masks ----------------------------------------------------------------------

/// Shortest secret that masking keys are derived from: as long as the keys, so that guessing it costs
/// as much as guessing one of them.
pub const MASK_SECRET_BYTES_MIN: usize = 32;
/// Least values that a format-preserving mask tells apart: NIST SP 800-38G Rev. 1 §4.1. In a smaller
/// domain the whole mapping is found by trying.
pub const FF1_DOMAIN_MIN: u64 = 1_000_000;
/// Longest value that is encrypted so: twice the longest IBAN. FF1 is quadratic in it.
pub const FF1_CHARACTERS_MAX: usize = 68;
/// Longest text that may stand in the place of what a mask hides.
pub const MASK_REPLACE_BYTES_MAX: usize = 64;

/// Findings in one body, of which each takes 32 bytes twice at most: 64 MiB. A batch of e-mail addresses alone
/// has as many in 20 MiB. One with more is not read to its end: it is unreadable, as what inflates too far.
pub const FINDINGS_PER_BODY_MAX: usize = 1 << 20;

// ---- scan: views ----------------------------------------------------------------------

/// Wrappers around a value that are taken off, one in the other: base64 around gzip around JSON whose
/// digits are escaped is two, and the spelling of the innermost text comes on top.
pub const VIEW_DEPTH_MAX: usize = 3;
/// What gzip and zlib inside one field may inflate to: 16 times Kafka's default `message.max.bytes`. At
/// 500 MB/s 32 ms. Each stream that is begun counts 2 KiB beside: 8,192 at most, 6 ms. The other wrappers
/// only shrink.
pub const VIEW_INFLATED_BYTES_PER_FIELD_MAX: usize = 16 * MIB;
/// The same over all fields of a body: 130 ms of a core at worst, and the reading of it again.
pub const VIEW_INFLATED_BYTES_PER_BODY_MAX: usize = 64 * MIB;
/// Deflate streams in one field that begin and come to nothing. Random bytes look like the
/// beginning of gzip once in 134 MB (3 bytes of magic, 3 reserved bits).
pub const VIEW_FALSE_STARTS_MAX: usize = 16;
/// Units of a field that are looked at together: 20 bytes each, 1.3 MB a wrapper. A field with more is
/// read in stretches that overlap.
pub const VIEW_UNITS_MAX: usize = 64 * KIB;
/// How far such stretches overlap, in decoded bytes; a value of half of this is seen whole in one.
pub const VIEW_OVERLAP_BYTES: usize = 4 * KIB;
/// Memory for decoded text that a core keeps from one field to the next, per wrapper.
pub const VIEW_BYTES_KEPT: usize = MIB;

// ---- policy: rates --------------------------------------------------------------------

/// Shortest and longest window that a rate is counted over: four reports of a core fit the first, and
/// the learnt hours fit the second.
pub const RATE_WINDOW_MS: (i64, i64) = (10_000, 60 * 60 * 1000);
/// Slots of a window: what is counted is the last nine to ten tenths of it, never more than it.
pub const RATE_SLOTS: usize = 10;
/// Streams (rule, direction, principal, topic) that have a count and a baseline of their own, over all
/// cores: 100,000 x (176 B counted + 368 B learnt + 56 B for the cores + 36 B of index) = 61 MiB. What
/// comes past it is counted together, as one stream.
pub const RATE_SERIES_MAX: usize = 100_000;
/// Memory for all of them.
pub const RATE_BYTES_MAX: usize = 64 * MIB;
/// Streams that one core counts apart: 32,768 x 180 B = 6 MB. It only sees those of its connections.
pub const RATE_SERIES_PER_CORE_MAX: usize = 32 * KIB;
/// A core hands over what it counted this often. With as much for the answer, cores agree in half a second.
pub const RATE_HAND_OVER_MS: i64 = 250;
/// Totals of all cores that are older than this are not believed: the control thread stands still, and
/// the core goes by its own count.
pub const RATE_BOARD_STALE_MS: i64 = 2_000;
/// A clock that steps back by more than this empties the windows; less is waited out.
pub const RATE_CLOCK_BACK_MS: i64 = 5_000;
/// Weeks that may be learnt. A week is the shortest time with a weekend in it.
pub const RATE_BASELINE_WEEKS_MAX: u8 = 2;
/// Hours of the longest baseline, one byte each.
pub const RATE_BASELINE_HOURS_MAX: usize = 7 * 24 * RATE_BASELINE_WEEKS_MAX as usize;
/// Hours that a stream is watched before its own history is believed.
pub const RATE_LEARNING_HOURS: u16 = 24;
/// A silence of so many hours is an outage and teaches nothing; of a shorter one each hour counts as
/// silent. Three days of five may be silent and the busy ones still decide.
pub const RATE_OUTAGE_HOURS: u32 = 72;
/// An hour teaches at most this many times what was expected of it. Traffic that is there to stay
/// doubles every second day until it is known.
pub const RATE_TEACH_FACTOR: u64 = 2;
/// A spike is over when the window holds less than the limit divided by this.
pub const RATE_CALM_DIVISOR: u64 = 2;
/// Learnt streams that a rule needs before they speak for a new one.
pub const RATE_GROUP_MIN: u32 = 10;
/// A stream that was silent for four weeks is forgotten.
pub const RATE_FORGET_HOURS: u32 = 4 * 7 * 24;
/// Largest factor that `above` may ask for.
pub const RATE_FACTOR_MAX: u32 = 1_000;
/// Streams in one block of the stored baselines: 1,024 x 368 B = 368 KiB under one checksum.
pub const RATE_STORED_BLOCK_SERIES: usize = 1024;
/// Longest time a client is told to wait. A stock client keeps the connection for 9 minutes without
/// traffic and gives up a request after 30 s; a throttled one has had its answer.
pub const THROTTLE_MS_MAX: i64 = 30_000;

const _: () = assert!(4 * RATE_HAND_OVER_MS <= RATE_WINDOW_MS.0 / RATE_SLOTS as i64);
const _: () = assert!(RATE_WINDOW_MS.0 % RATE_SLOTS as i64 == 0);
const _: () = assert!(RATE_SERIES_PER_CORE_MAX <= RATE_SERIES_MAX);
const _: () = assert!(RATE_OUTAGE_HOURS / 24 <= 3);

// ---- configuration --------------------------------------------------------------------

/// Longest configuration read, all its files together: 100 rules are about 40 KiB. The audit keeps every
/// policy's text in one entry.
pub const CONFIG_BYTES_MAX: usize = 960 * KIB;
/// Longest file of cases, and longest payload beside one.
pub const CASE_FILE_BYTES_MAX: u64 = MIB as u64;
/// Files that one configuration includes: ten teams with a file for each of a hundred products.
pub const INCLUDED_FILES_MAX: usize = 1000;
/// Files that include files that include files.
pub const INCLUDE_DEPTH_MAX: usize = 8;
/// Deepest nesting in it; the language itself needs 7.
pub const CONFIG_DEPTH_MAX: usize = 32;
/// Longest secret file read.
pub const SECRET_BYTES_MAX: u64 = 64 * KIB as u64;
/// Clusters in one process. Each is discovered by itself and has a snapshot on every core.
pub const CLUSTERS_MAX: usize = 16;
/// Listeners of one cluster: inside, outside, and one for each of some zones.
pub const LISTENERS_PER_CLUSTER_MAX: usize = 16;
/// Longest certificate or key file read: a bundle of all public authorities is about 220 KiB.
pub const PEM_BYTES_MAX: u64 = MIB as u64;
/// Longest name of a rule, list, exception or approval policy: they are quoted to clients.
pub const NAME_BYTES_MAX: usize = 64;
/// Characters a mask may leave: of the shortest thing detected (9 digits) at least one is hidden.
pub const MASK_KEEP_MAX: u8 = 8;
/// An approval policy gives people this long when it does not say.
pub const APPROVAL_WITHIN_MS_DEFAULT: i64 = 10 * 60 * 1000;
/// Longest an approval policy may wait or stay redeemable.
pub const APPROVAL_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1000;
/// Past this no stock client keeps retrying by itself: Java's `delivery.timeout.ms` default.
pub const CLIENT_RETRIES_MS_MAX: i64 = 120_000;
/// Memory for frames in flight when the configuration does not say.
pub const MEMORY_BYTES_DEFAULT: usize = 512 * MIB;

const _: () = assert!(FRAME_BYTES_MAX <= MEMORY_BYTES_DEFAULT);
const _: () = assert!(CONFIG_BYTES_MAX + 64 * KIB <= AUDIT_ENTRY_BYTES_MAX);
const _: () = assert!(APPROVAL_WITHIN_MS_DEFAULT <= APPROVAL_MS_MAX);
const _: () = assert!(REDEEM_WITHIN_MS_DEFAULT <= APPROVAL_MS_MAX);

// ---- control and HTTP -----------------------------------------------------------------

/// Messages of the cores that the control thread takes before it looks at anything else.
pub const CONTROL_DRAIN_MESSAGES_MAX: usize = 1024;
/// Events that wait for the log while one commit is under way; past it the cores' messages wait
/// in their channel.
pub const CONTROL_EVENTS_WAITING_MAX: usize = 10_000;
/// Commands of the HTTP surface that wait for the control thread.
pub const CONTROL_COMMANDS_MAX: usize = 256;
/// How often the control thread looks at deadlines and at full channels.
pub const CONTROL_TICK_MS: u64 = 200;
/// HTTP connections at once, on each of the two listeners.
pub const HTTP_CONNECTIONS_MAX: usize = 256;
/// Time for an HTTP request's head to arrive; an idle connection is closed after it as well.
pub const HTTP_HEAD_MS_MAX: u64 = 10_000;
/// Time for an HTTP request to be read and answered.
pub const HTTP_REQUEST_MS_MAX: u64 = 15_000;
/// Life of an HTTP connection: a reader that never takes its answer does not keep its place.
pub const HTTP_CONNECTION_MS_MAX: u64 = 5 * 60 * 1000;
/// Body of an HTTP request: a verdict and a reason, every character of it escaped.
pub const HTTP_BODY_BYTES_MAX: usize = 16 * KIB;
/// Holds in one answer.
pub const HTTP_HOLDS_LISTED_MAX: usize = 500;

const _: () = assert!(FRAME_BYTES_BEFORE_LOGIN_MAX <= FRAME_BYTES_MAX);
const _: () = assert!(TLS_KEPT_BYTES_MAX + TLS_RECORD_BYTES_MAX <= TLS_SCRATCH_BYTES);
const _: () = assert!(TLS_SEAL_BYTES + TLS_KEPT_BYTES_MAX <= TLS_SCRATCH_BYTES);
const _: () = assert!(PROXY_HEADER_BYTES_MAX <= BUFFER_BYTES_SMALLEST);
const _: () = assert!(REFUSED_ELEMENTS_MAX * REFUSAL_TEXT_BYTES_MAX < FRAME_BYTES_MAX);
const _: () = assert!(TOKEN_BYTES_MAX < FRAME_BYTES_BEFORE_LOGIN_MAX);
const _: () = assert!(2 * SHOWN_NAME_BYTES_MAX < SHOWN_PATH_BYTES_MAX);
const _: () = assert!(INFLATED_BYTES_MAX <= INFLATED_BYTES_PER_FRAME_MAX);
const _: () = assert!(FETCH_BYTES_MAX as usize <= FRAME_BYTES_MAX);
const _: () = assert!(HOLD_WAIT_BEHIND_MS <= HOLD_WAIT_MS_MAX);
const _: () = assert!(VIEW_INFLATED_BYTES_PER_FIELD_MAX <= VIEW_INFLATED_BYTES_PER_BODY_MAX);
// A stretch starts past where the one before it did, whatever its units are.
const _: () = assert!(VIEW_UNITS_MAX > 2 * VIEW_OVERLAP_BYTES);
const _: () = assert!(HOLD_WAIT_MS_DEFAULT <= HOLD_WAIT_MS_MAX);
const _: () = assert!(REQUESTS_BEHIND_HOLD_MAX <= REQUESTS_IN_FLIGHT_MAX);
const _: () = assert!(KEYS_REFRESH_S < KEYS_STALE_S_MAX);
const _: () = assert!(DISCOVERY_FRAME_BYTES_MAX <= FRAME_BYTES_MAX);
const _: () = assert!(
    AUDIT_TRAFFIC_BYTES_MAX + 4 * AUDIT_TRAFFIC_CRCS_MAX + 64 * KIB < AUDIT_ENTRY_BYTES_MAX
);
const _: () = assert!((AUDIT_ENTRY_BYTES_MAX as u64) < AUDIT_SEGMENT_BYTES_MAX);
const _: () = assert!(6 * REVIEW_REASON_BYTES_MAX < HTTP_BODY_BYTES_MAX);
const _: () = assert!(HTTP_REQUEST_MS_MAX < HTTP_CONNECTION_MS_MAX);
const _: () = assert!(HOLDS_PENDING_MAX <= HOLDS_KEPT_MAX);
const _: () = assert!(
    SUMMARY_SAMPLES_MAX * (SUMMARY_SAMPLE_BYTES_MAX + 8) + SHAPE_TEXT_BYTES_MAX
        < SUMMARY_TEXT_BYTES_MAX
);

/// The configuration's files are looked at this often: an edit is in force within about a second. A look is a
/// `stat` of each file and of each directory with a pattern, some tens of microseconds.
pub const POLICY_LOOK_MS: u64 = 500;
/// Lines of a change of the policy that its entry in the audit keeps: 256 lines of some 100 bytes, 25 KiB.
pub const POLICY_CHANGES_TOLD_MAX: usize = 256;
