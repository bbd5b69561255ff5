public import SluiceSinks

/// Runs an ordered sink against its place, and checks that it keeps the rules.
///
/// - O1. Its identity is the same for each instance, and not empty.
/// - O2. A place that is new has no position.
/// - O3. ``OrderedSink/deliver(_:)`` answers the position of the last change of the batch.
/// - O4. What was delivered is in the place, once and in order, also when the sink was closed: large messages, and texts
///   with line breaks, quotes and characters beyond ASCII, as they were.
/// - O5. Changes without messages move the position, and an empty batch does not.
/// - O6. A sink that is opened again answers the position at which the last one stopped.
/// - O7. Changes at or below that position may come again; nothing is there twice for it.
/// - O8. ``OrderedSink/rewind(to:)`` answers at most the cursor that it was asked for, and what is above it is delivered
///   anew: then everything is there once.
/// - O9. A place that holds another source's messages is refused, with `otherSource`.
/// - O10. Of two sinks on one place one is refused: the second when it opens, with `inUse`, or the first when it delivers
///   after the second has, with `takenOver`; nothing is there twice.
/// - O11. A call that is cancelled returns or throws `CancellationError`; its batch is there as a whole or not at all.
/// - O12. It can be closed in any state and more than once, opened once only, and delivers nothing before or after, with
///   `notOpen`.
///
/// ```swift
/// try await checkSink { FileSink(path: path) } rows: { try lines(of: path).compactMap { SampleRow(message: $0) } }
/// ```
///
/// - Parameters:
///   - remembersSource: False for a sink whose place has no room for its source, so that only the state file knows it:
///     rule O9 is then left out.
///   - make: Makes a sink for the same place each time, which is empty before the first one.
///   - rows: Reads the place: the rows of `public.conformance` in the order in which it has them.
/// - Throws: ``SinkViolation``, the first one; what `make` and `rows` throw.
public func checkSink(
    remembersSource: Bool = true,
    make: @escaping @Sendable () async throws -> any OrderedSink,
    rows: @escaping @Sendable () async throws -> [SampleRow]
) async throws {
    var trial = OrderedSinkTrial(make: make, rows: rows)
    try await trial.beginsEmpty()
    try await trial.deliversInOrder()
    try await trial.movesWithoutMessages()
    try await trial.goesOn()
    try await trial.rewinds()
    if remembersSource { try await trial.refusesAnotherSource() }
    try await trial.isOneAtATime()
    try await trial.survivesCancellation()
    try await trial.closes()
}
