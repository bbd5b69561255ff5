import Foundation
public import Sluice
public import SluicePipelines
public import SluiceSinks
import Synchronization

/// A pipeline's source of entries of a Redis stream, as a consumer of a group.
///
/// ```swift
/// Pipeline(
///     source: Producers { _ in try RedisStreamSource("redis://localhost", stream: "orders", group: "billing") },
///     handler: Handling { message in … }
/// )
/// ```
///
/// - **Demand:** a read asks for as many entries as are wanted, at most ``Options/count``; nothing is read ahead.
/// - **At least once:** an entry is acknowledged when it has been handled to its end. A failed one is handled again,
///   left, acknowledged or moved to another stream as ``Options/retries`` and ``Options/onFailure`` say. What a
///   cancelled pipeline has inside stays pending.
/// - **Consumers that died:** what they had is claimed after ``Options/minIdleTime``. A slow handler keeps its entries:
///   their idle times begin anew as long as they are in the pipeline, also while it drains.
/// - **Drain:** a read that waits is ended at once, and no other follows. An entry that the server hands out in that
///   moment is still delivered.
/// - **Outages:** a read that fails for want of a connection is reported and repeated with growing waits, for ever;
///   what the server had handed out to the connection that broke is read again. Without the stream, the group or the
///   right to use them the source throws.
/// - **Order:** that of the stream, with one producer and consumer, as far as nothing is claimed or handled again.
///
/// The metadata of a message are `stream`, `id`, and `delivery-count`: how often Redis counts it as delivered.
public struct RedisStreamSource: Producer, Sendable {
    private static let number = Atomic(0)

    private let place: StreamPlace
    private let options: Options
    private let clock: any Clock<Duration>
    private let report: @Sendable (RedisStreamReport) -> Void

    private var group: StreamGroup?
    private var outage: Outage

    /// Makes a source; nothing is connected yet.
    ///
    /// - Parameters:
    ///   - url: The server and the database: `redis://USER:PASSWORD@HOST:PORT/DATABASE`. With `?password.env=VARIABLE`
    ///     the password is taken from the environment.
    ///   - stream: The stream's key.
    ///   - group: The consumer group's name.
    ///   - options: How it is read.
    ///   - report: Told of what goes wrong and is tried again; must not block.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `badURL` if the text is no server's URL, `unsupported` if it
    ///   is `rediss:`, or `badOption` if an option is out of its range.
    public init(
        _ url: String,
        stream: String,
        group: String,
        options: Options = Options(),
        report: @escaping @Sendable (RedisStreamReport) -> Void = { _ in }
    ) throws(SinkError) {
        try self.init(url, stream, group, options, ContinuousClock(), report)
    }

    init(
        _ url: String,
        _ stream: String,
        _ group: String,
        _ options: Options,
        _ clock: any Clock<Duration>,
        _ report: @escaping @Sendable (RedisStreamReport) -> Void
    ) throws(SinkError) {
        guard !stream.isEmpty, !group.isEmpty else {
            throw SinkError(.badOption, "Redis source: a stream and a group have names, not empty ones.")
        }
        try options.validate()
        place = StreamPlace(
            address: try RedisAddress(url) { ProcessInfo.processInfo.environment[$0] },
            stream: stream,
            group: group,
            consumer: options.consumer ?? Self.nextName()
        )
        self.options = options
        self.clock = clock
        outage = Outage(base: .milliseconds(100), maximum: .seconds(10), clock: clock)
        self.report = report
    }

    /// A name that no other source has, now or later.
    private static func nextName() -> String {
        let process = ProcessInfo.processInfo
        let number = number.add(1, ordering: .relaxed).oldValue
        return "\(process.hostName)-\(process.processIdentifier)-\(number)"
    }

    /// Reads entries; waits until there is at least one.
    ///
    /// - Parameter demand: How many are wanted.
    /// - Returns: The entries in the order in which Redis hands them out; never `nil`.
    /// - Throws: ``SluiceSinks/SinkError`` with the code `missing`, `notAuthorized`, `unsupported` or `refused`;
    ///   `CancellationError` promptly.
    public mutating func handleDemand(_ demand: Int) async throws -> [Message<RedisStreamEntry>]? {
        while true {
            do {
                try Task.checkCancellation()
                let messages = try await read(min(demand, options.count))
                outage.end()
                if !messages.isEmpty { return messages }
            } catch let error as SinkError where error.code == .unavailable {
                let report = report
                try await outage.wait { report(.readFailed(error, retryingIn: $0)) }
            }
        }
    }

    private mutating func read(_ count: Int) async throws -> [Message<RedisStreamEntry>] {
        if group == nil { group = try await StreamGroup(place, options, clock, report) }
        return try await group?.read(count) ?? []
    }
}
