public import Sluice
public import SluicePipelines

/// What a source does with messages that failed.
public enum FailedMessages: Sendable {
    /// It delivers them again, as long as it runs.
    case comeAgain
    /// It is done with them.
    case areGone
}

/// What comes again of what was not acknowledged.
public enum Redelivery: Sendable {
    /// Each message by itself.
    case ofEach
    /// The first message, and all behind it, acknowledged or not: the broker keeps one position.
    case fromTheFirst
}

/// Runs a source of messages against its broker, and checks that it keeps the rules.
///
/// 1. Asked for some messages it answers one at least, and no more than it was asked for.
/// 2. What was published arrives as it was, once and in order: large texts, and line breaks, quotes and characters beyond
///    ASCII.
/// 3. What was acknowledged is not delivered again, to nobody; unless it was behind something that was not, and
///    `redelivery` says so.
/// 4. What was not is delivered again when the source and its messages are gone.
/// 5. So it is if later messages were acknowledged: none is taken for handled because another one was.
/// 6. A message that failed is delivered again, or not, as `failed` says.
/// 7. A source that waits for messages ends when its task is cancelled, and loses none for it.
/// 8. Messages can be acknowledged when the source is gone, as in a drain.
/// 9. Several sources share the messages: together they deliver all of them.
/// 10. A pipeline that drains acknowledges what its source has emitted; another one gets the rest.
/// 11. When the broker is interrupted, the source goes on afterwards, and loses no message.
///
/// It may wait for ever for a message that is lost: give the test a time limit.
///
/// ```swift
/// try await checkSource {
///     try SQSSource(queue.url, options: options)
/// } publish: {
///     try await queue.send($0)
/// } text: {
///     $0.body
/// }
/// ```
///
/// - Parameters:
///   - failed: What the source does with messages that failed, as it is made here.
///   - redelivery: What comes again of what was not acknowledged.
///   - interrupt: Kills the broker, or cuts its connections, and lets it come back. Called while messages are being
///     handled. Nil: rule 11 is left out.
///   - make: Makes a source of the same messages each time; nothing has been published before the first one. What it has
///     given out and nobody acknowledged must come again soon, for that is waited for.
///   - publish: Publishes texts, all with one key or group, where the order is one of keys.
///   - text: A message's text.
/// - Throws: ``SourceViolation``, the first one; what `make` and `publish` throw, and the source.
public func checkSource<Source: Producer & Sendable, Body: Sendable>(
    failed: FailedMessages = .comeAgain,
    redelivery: Redelivery = .ofEach,
    interrupt: (@Sendable () async throws -> Void)? = nil,
    make: @escaping @Sendable () async throws -> Source,
    publish: @escaping @Sendable ([String]) async throws -> Void,
    text: @escaping @Sendable (Message<Body>) -> String
) async throws where Source.Output == Message<Body> {
    var trial = SourceTrial(redelivery: redelivery, make: make, publish: publish, text: text)
    try await trial.deliversInOrder()
    try await trial.deliversAgain()
    try await trial.fails(failed)
    try await trial.survivesCancellation()
    try await trial.outlivesItsSource()
    try await trial.shares()
    try await trial.drains()
    if let interrupt { try await trial.survives(interrupt) }
}
