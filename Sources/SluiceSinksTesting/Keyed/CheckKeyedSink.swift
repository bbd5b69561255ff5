public import SluiceSinks

/// Runs a keyed sink against its place, and checks that it keeps the rules.
///
/// - K1. Its identity is the same for each instance, and not empty.
/// - K2. It keeps no cursor: ``Sink/open(for:remembered:)`` answers what is remembered.
/// - K3. ``KeyedSink/send(_:)`` answers one result for each message, in their order.
/// - K4. What it calls durable is in the place, byte by byte, whatever the key is: long, empty, beyond ASCII, or none.
/// - K5. Messages of one key are there in their order: of one request if the sink declares `prefix`, else of one request
///   after another.
/// - K6. With `prefix`, no message of a key is durable in the same request behind one that failed.
/// - K7. Requests as large as its limits allow are taken, and messages up to 1 KiB below the limit for one; in that KiB,
///   which is for what the sink adds, a message may be refused and nothing else.
/// - K8. As many requests as it declares may be under way at the same time.
/// - K9. A call that is cancelled returns or throws `CancellationError`.
/// - K10. It can be closed in any state and more than once, opened once only, and sends nothing before or after, with
///   `notOpen`.
///
/// ```swift
/// try await checkSink(poison: "poison") { try WebhookSink(url) } bodies: { endpoint.bodies }
/// ```
///
/// - Parameters:
///   - poison: A text with which, in a body, the place lets a message fail, and not be refused; `nil` if it cannot: what
///     follows from failures is then left out.
///   - make: Makes a sink for the same place each time.
///   - bodies: Reads the place: the bodies of its messages, those of one key in the order in which it has them. It may
///     answer all, or those since the last call.
/// - Throws: ``SinkViolation``, the first one; what `make` and `bodies` throw.
public func checkSink(
    poison: String? = nil,
    make: @escaping @Sendable () async throws -> any KeyedSink,
    bodies: @escaping @Sendable () async throws -> [String]
) async throws {
    var trial = KeyedSinkTrial(make: make, bodies: bodies)
    try await trial.opens()
    try await trial.answersEach()
    try await trial.takesAnyKey()
    try await trial.keepsOrder()
    if let poison { try await trial.fails(poison) }
    try await trial.takesWhatItsLimitsAllow()
    try await trial.takesRequestsAtOnce()
    try await trial.survivesCancellation()
    try await trial.closes()
}
