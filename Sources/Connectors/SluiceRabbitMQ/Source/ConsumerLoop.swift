import SluicePostgres
import SluiceSinks

/// What runs on a source's thread: all use of its connection.
///
/// It connects when messages are wanted. A failure is told to whoever waits for messages, or asks for some next, and the
/// request after that connects anew: how long to wait in between is theirs to decide.
final class ConsumerLoop {
    private let settings: SourceSettings
    private let inbox: ConsumerInbox
    private var channel: ConsumerChannel?
    private var lastGeneration = 0
    private var wanted: (demand: Int, call: Call<[Delivery]>)?
    /// What nobody was told yet.
    private var trouble: SinkError?

    init(_ settings: SourceSettings, _ inbox: ConsumerInbox) {
        self.settings = settings
        self.inbox = inbox
    }

    /// Blocks its thread until the source and its messages are gone.
    func run() {
        while true {
            inbox.wakeUp.reset()
            for command in inbox.take() {
                switch command {
                case .receive(let demand, let call): wanted = (demand, call)
                case .stop: stop()
                case .settle(let settlement, let call): settle(settlement, call)
                case .close:
                    channel?.close()
                    return
                }
            }
            if !attend() { wait() }
        }
    }

    private func wait() {
        if let channel { channel.wait(or: inbox.wakeUp) } else { inbox.wakeUp.wait(milliseconds: nil) }
    }

    // MARK: - Receiving

    /// Reads what came, and hands out what is wanted.
    ///
    /// - Returns: Whether there may be more to read.
    private func attend() -> Bool {
        do throws(SinkError) {
            var hasMore = try channel?.read() ?? false
            guard let wanted else { return hasMore }
            if let trouble {
                self.trouble = nil
                throw trouble
            }
            let channel = try readyChannel()
            try channel.want(wanted.demand)
            // What came while an answer was waited for is in no socket any more.
            hasMore = try channel.read() || hasMore
            handOut(wanted.demand, wanted.call, from: channel)
            return hasMore
        } catch {
            lose(error)
            return false
        }
    }

    private func readyChannel() throws(SinkError) -> ConsumerChannel {
        if let channel { return channel }
        lastGeneration += 1
        let channel = try ConsumerChannel(settings, generation: lastGeneration)
        self.channel = channel
        return channel
    }

    private func handOut(_ demand: Int, _ call: Call<[Delivery]>, from channel: ConsumerChannel) {
        guard !channel.waiting.isEmpty else { return }
        wanted = nil
        let deliveries = channel.take(upTo: demand)
        // Nobody waits any more: `stop` follows, and gives them back.
        if !call.perform({ deliveries }) { channel.putBack(deliveries) }
    }

    private func stop() {
        wanted = nil
        do throws(SinkError) { try channel?.stop() } catch { lose(error) }
    }

    /// Drops the channel with all that it has: the broker delivers that again.
    private func lose(_ error: SinkError) {
        channel = nil
        if let wanted {
            self.wanted = nil
            wanted.call.fail(error)
        } else {
            trouble = error
        }
    }

    // MARK: - Acknowledging

    private func settle(_ settlement: ConsumerInbox.Settlement, _ call: Call<Void>) {
        guard let channel, channel.generation == settlement.generation else {
            let count = settlement.handled.count + settlement.failed.count
            call.fail(
                SinkError(
                    .unavailable,
                    "The connection to \(settings.name) was lost before \(count) messages of it were acknowledged: the "
                        + "broker delivers them again."
                )
            )
            return
        }
        do throws(SinkError) {
            try channel.settle(settlement)
            call.perform {}
        } catch {
            call.fail(error)
            lose(error)
        }
    }
}
