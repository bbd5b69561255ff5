import CLibRDKafka
import SluicePostgres
import SluiceSinks

/// What runs on a sink's thread: hands the records of all requests over, hears the reports, answers.
///
/// It waits for nothing but its inbox's signal, which commands and the library's events give alike.
final class ProducerLoop {
    private struct Pending {
        var request: Request
        let call: Call<[SendResult]>
    }

    /// Whether the client is on its way out: nothing is handed over, and it is dropped when everything is reported.
    private enum Draining {
        case no
        /// What a broker may have is waited for.
        case waiting
        case givingUp
    }

    private enum Phase {
        case new
        case open
        case failed(any Error)
    }

    private let settings: KafkaSettings
    private let failure: KafkaFailure
    private let inbox: SinkInbox
    private var phase = Phase.new
    private var client: ProducerClient?
    private var draining = Draining.no
    private var pending: [Pending] = []
    private var lastNumber: UInt32 = 0
    private var trouble: Trouble?
    /// Messages that are durable although their call failed: when they come again, they are not sent again.
    ///
    /// It is not larger than the requests that were under way at the time, since all of those come again.
    private var delivered: Set<Cursor> = []

    init(_ settings: KafkaSettings, _ inbox: SinkInbox) {
        self.settings = settings
        self.inbox = inbox
        failure = KafkaFailure(settings)
    }

    /// Blocks its thread until the sink is closed.
    func run() {
        while true {
            inbox.wakeUp.reset()
            for command in inbox.take() {
                switch command {
                case .open(let call): open(call)
                case .send(let messages, let call): accept(messages, call)
                case .close(let call):
                    close()
                    call?.perform {}
                    return
                }
            }
            handOver()
            let hasEvents = hear()
            let hasAnswers = conclude()
            if !hasEvents && !hasAnswers { inbox.wakeUp.wait(milliseconds: untilDeadline) }
        }
    }

    // MARK: - Commands

    private func open(_ call: Call<Void>) {
        call.perform {
            guard case .new = phase else {
                throw SinkError(.notOpen, "\(settings.name) was opened before: make a new sink.")
            }
            do throws(SinkError) {
                let client = try ProducerClient(settings, wakeUp: inbox.wakeUp)
                try ConnectionCheck(settings: settings, client: client).run()
                self.client = client
                phase = .open
            } catch {
                phase = .failed(error)
                throw error
            }
        }
    }

    private func accept(_ messages: [OutgoingMessage], _ call: Call<[SendResult]>) {
        switch phase {
        case .new:
            call.fail(SinkError(.notOpen, "\(settings.name) is not open."))
        case .failed(let cause):
            call.fail(SinkError(.notOpen, "\(settings.name) failed before (\(cause)): open it anew.", cause: cause))
        case .open:
            lastNumber &+= 1
            let request = Request(
                number: lastNumber,
                messages,
                tombstones: settings.options.tombstones,
                delivered: &delivered
            )
            pending.append(Pending(request: request, call: call))
        }
    }

    private func close() {
        for entry in pending { entry.call.fail(SinkError(.notOpen, "\(settings.name) is closed.")) }
        pending = []
        client?.purge(underWay: true)
        client = nil
    }

    // MARK: - Handing over

    private func handOver() {
        guard draining == .no, !pending.isEmpty else { return }
        let isOneByOne = pending.contains { $0.request.needsOneByOne }
        if let client, client.isOneByOne != isOneByOne { return drain(.waiting) }
        do throws(SinkError) {
            let client = try readyClient(oneByOne: isOneByOne)
            let now = Instant.now
            for index in pending.indices where pending[index].request.needsOneByOne == isOneByOne {
                pending[index].request.begin(at: now, timeout: settings.options.timeout)
                switch handOver(&pending[index].request, to: client) {
                case .done: continue
                // Reports make room, and signal.
                case .isFull: return
                // Its reports tell the same.
                case .hasFailed: return drain(.waiting)
                }
            }
        } catch {
            for entry in pending { entry.call.fail(error) }
            pending = []
        }
    }

    private func readyClient(oneByOne: Bool) throws(SinkError) -> ProducerClient {
        if let client { return client }
        let client = try ProducerClient(settings, .producer(oneByOne: oneByOne), wakeUp: inbox.wakeUp)
        self.client = client
        return client
    }

    /// How handing a request over ended.
    private enum HandOver {
        case done
        case isFull
        /// The producer takes nothing any more.
        case hasFailed
    }

    private func handOver(_ request: inout Request, to client: ProducerClient) -> HandOver {
        while let (index, part) = request.nextRecord {
            let message = request.messages[index]
            let route: Route
            switch client.route(schema: message.schema, table: message.table) {
            case .success(let found):
                route = found
            case .failure(let fault):
                request.notTaken(.refused(reason: "A message cannot be sent: \(fault.reason)."))
                continue
            }
            let number = UInt(request.number) << 32 | UInt(index)
            let code = client.produce(message, part, to: route, number: number)
            switch code {
            case RD_KAFKA_RESP_ERR_NO_ERROR:
                request.handedOver()
            case RD_KAFKA_RESP_ERR__QUEUE_FULL:
                return .isFull
            case _ where Verdict(code) == .again:
                return .hasFailed
            case _ where Verdict(code) == .suspect:
                request.notTaken(failure.refusal(of: message, code))
            default:
                let reason = failure.lasting(code, topic: route.topicName)?.message ?? "\(code.text)."
                request.notTaken(.failed(reason: reason))
            }
        }
        return .done
    }

    // MARK: - Reports

    /// Whether there was anything to hear.
    private func hear() -> Bool {
        guard let client else { return false }
        var last = 0
        var isFatal = false
        let hasEvents = client.forEachEvent { event in
            switch event {
            case .report(let number, let code):
                if code == RD_KAFKA_RESP_ERR_NO_ERROR { trouble = nil }
                let request = UInt32(truncatingIfNeeded: number >> 32)
                if last >= pending.count || pending[last].request.number != request {
                    guard let found = pending.firstIndex(where: { $0.request.number == request }) else { return }
                    last = found
                }
                pending[last].request.report(Int(number & 0xFFFF_FFFF), code)
            case .trouble(let next):
                if next.weight >= trouble?.weight ?? 0 { trouble = next }
            case .fatal(let next):
                trouble = next
                isFatal = true
            }
        }
        if isFatal { drain(.waiting) }
        return hasEvents
    }

    /// Begins to get rid of the client.
    private func drain(_ way: Draining) {
        draining = way
        for index in pending.indices { pending[index].request.stop() }
        client?.purge(underWay: way == .givingUp)
    }

    // MARK: - Answers

    /// Whether there was anything to answer.
    private func conclude() -> Bool {
        let now = Instant.now
        if draining != .givingUp, pending.contains(where: { $0.request.isOverdue(at: now) }) { drain(.givingUp) }
        if draining != .no {
            guard pending.indices.allSatisfy({ pending[$0].request.isRoundOver }) else { return false }
            draining = .no
            client = nil
        }
        var hasAnswers = false
        var index = 0
        while index < pending.count {
            guard pending[index].request.isRoundOver else {
                index += 1
                continue
            }
            hasAnswers = true
            let isOverdue = pending[index].request.isOverdue(at: now)
            switch pending[index].request.conclude(isOverdue: isOverdue, trouble: trouble, failure) {
            case .results(let results):
                pending.remove(at: index).call.perform { results }
            case .failure(let error):
                let entry = pending.remove(at: index)
                delivered.formUnion(entry.request.durable)
                entry.call.fail(error)
            case .another:
                index += 1
            }
        }
        return hasAnswers
    }

    private var untilDeadline: Int64? {
        guard draining != .givingUp else { return nil }
        let now = Instant.now
        return pending.compactMap(\.request.deadline).min().map { max(now.milliseconds(until: $0), 0) }
    }
}
