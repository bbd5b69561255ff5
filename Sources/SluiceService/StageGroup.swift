public import ServiceLifecycle
public import Sluice

/// A graph of stages as a service: it runs in a `ServiceGroup`, and drains on graceful shutdown.
///
/// ```swift
/// let orders = StageGroup("orders", drainDeadline: .seconds(30)) { stages in
///     let source = stages.start { OrderSource() }
///     let store = stages.start { OrderStore() }
///     try await store.subscribe(to: source)
/// }
/// try await ServiceGroup(services: [orders], gracefulShutdownSignals: [.sigterm]).run()
/// ```
///
/// On graceful shutdown the sources stop first, and everything that is inside comes to its end: nothing that a source
/// has emitted is dropped, unless the deadline passes. Then the service ends without an error. Cancelling the service, as
/// its group does when another service has failed, cancels every stage: what is inside is dropped. A service may be run
/// again; each run is a graph of its own.
public struct StageGroup: Service {
    /// The name that the service group's log messages carry.
    public let name: String

    private let drainDeadline: Duration?
    private let clock: any Clock<Duration>
    private let isMeasured: Bool
    private let report: @Sendable (GraphReport) -> Void
    private let wire: @Sendable (Stages) async throws -> Void

    /// Makes a service; nothing runs yet.
    ///
    /// - Parameters:
    ///   - name: For log messages.
    ///   - drainDeadline: How long the stages have to come to their end on graceful shutdown, at least 0; nil: as long
    ///     as they take. A service group's own `maximumGracefulShutdownDuration` cancels whatever is left then.
    ///   - clock: See ``Sluice/withStages(clock:measuring:reporting:_:)``.
    ///   - measuring: See ``Sluice/withStages(clock:measuring:reporting:_:)``.
    ///   - report: Told of failures and what they led to, by the tasks of the stages; must not block.
    ///   - wire: Starts and subscribes the stages, and returns; the graph goes on. A graceful shutdown that begins while
    ///     it runs takes effect when it has returned, before the sources are called.
    public init(
        _ name: String = "stages",
        drainDeadline: Duration? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        measuring: Bool = false,
        reporting report: @escaping @Sendable (GraphReport) -> Void = { _ in },
        _ wire: @escaping @Sendable (Stages) async throws -> Void
    ) {
        self.name = name
        self.drainDeadline = drainDeadline
        self.clock = clock
        isMeasured = measuring
        self.report = report
        self.wire = wire
    }

    /// Runs the graph until all of its stages have ended.
    ///
    /// A graph that ends by itself ends the service; what that does to its group is said by the service's
    /// `successTerminationBehavior`, which by default cancels the group.
    ///
    /// - Throws: What the wiring threw; else the first error that a stage threw;
    ///   ``Sluice/StageError/Code/drainDeadlineExceeded`` with the names of the stages that had not ended in time;
    ///   `CancellationError` if the task was cancelled before the graph had ended.
    public func run() async throws {
        let shutdown = PendingDrain(deadline: drainDeadline)
        try await withGracefulShutdownHandler {
            try await withStages(clock: clock, measuring: isMeasured, reporting: report) { stages in
                try await wire(stages)
                shutdown.wired(stages)
            }
        } onGracefulShutdown: {
            shutdown.triggered()
        }
    }
}

extension StageGroup: CustomStringConvertible {
    /// The name.
    public var description: String { name }
}
