/// The stage by which the events of one producer come to a loop; it passes them on and never asks by itself.
struct EventInlet<Event: Sendable>: ManualConsumer {
    typealias Input = Event

    let connection: InletConnection<Event>

    mutating func subscribed(_ subscription: ManualSubscription) async throws {}

    mutating func handleEvents(_ events: [Event], from subscription: ManualSubscription) async throws {
        connection.mailbox.received(events, by: connection.inlet)
    }
}

/// Says to the mailbox when an inlet has ended: then nobody refers to this any more.
///
/// The closure that makes the stage has it too, so a stage that is never made ends as well.
final class InletConnection<Event: Sendable>: Sendable {
    let mailbox: SharedMailbox<Event>
    let inlet: Int

    init(_ mailbox: SharedMailbox<Event>, inlet: Int) {
        self.mailbox = mailbox
        self.inlet = inlet
    }

    deinit {
        mailbox.closeInlet()
    }
}

/// A mailbox under its lock, and the effects of its decisions.
final class SharedMailbox<Event: Sendable>: Sendable {
    typealias Mailbox = EventMailbox<Event, UnsafeContinuation<Void, Never>>

    private let mailbox: Lock<Mailbox>

    init(windows: [DemandWindow]) {
        mailbox = Lock(Mailbox(windows: windows))
    }

    var isClosed: Bool { mailbox.withLock { $0.isClosed } }

    func received(_ events: [Event], by inlet: Int) {
        mailbox.withLock { $0.received(events, by: inlet) }.waiter?.resume()
    }

    func closeInlet() {
        mailbox.withLock { $0.closeInlet() }?.resume()
    }

    func next() -> Mailbox.Next {
        mailbox.withLock { $0.next() }
    }

    func leave() {
        _ = mailbox.withLock { $0.leave() }
    }

    /// Waits until there is something to be had, the end, or the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if mailbox.withLock({ $0.park(continuation) }) { continuation.resume() }
            }
        } onCancel: {
            mailbox.withLock { $0.interrupt() }?.resume()
        }
    }
}
