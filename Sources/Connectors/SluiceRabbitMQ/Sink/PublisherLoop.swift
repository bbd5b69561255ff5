import SluicePostgres
import SluiceSinks

/// What runs on a sink's thread: publishes the messages of all requests, hears what became of them, answers.
final class PublisherLoop {
    private struct Request {
        let messages: [OutgoingMessage]
        let call: Call<[SendResult]>
        let deadline: Instant
        var results: [SendResult?]
        /// How many have no result.
        var open: Int
        /// The next message to publish.
        var next = 0
    }

    private enum Phase {
        case new
        case open
        case failed(any Error)
    }

    private let settings: SinkSettings
    private let inbox: SinkInbox
    private var phase = Phase.new
    private var channel: PublisherChannel?
    private var requests: [Int: Request] = [:]
    private var lastRequest = 0
    /// Requests with messages that are not published, the oldest first.
    private var unpublished: [Int] = []

    init(_ settings: SinkSettings, _ inbox: SinkInbox) {
        self.settings = settings
        self.inbox = inbox
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
                    fail(SinkError(.notOpen, "\(settings.name) is closed."))
                    channel?.close()
                    channel = nil
                    call?.perform {}
                    return
                }
            }
            do throws(SinkError) {
                try publish()
                if let channel { answer(try channel.read()) }
                try checkDeadlines()
            } catch {
                channel = nil
                fail(error)
            }
            wait()
        }
    }

    private func wait() {
        let now = Instant.now
        let left = requests.values.map(\.deadline).min().map { max(0, now.milliseconds(until: $0)) }
        if let channel {
            channel.wait(or: inbox.wakeUp, milliseconds: left)
        } else {
            inbox.wakeUp.wait(milliseconds: left)
        }
    }

    // MARK: - Commands

    private func open(_ call: Call<Void>) {
        call.perform {
            guard case .new = phase else {
                throw SinkError(.notOpen, "\(settings.name) was opened before: make a new sink.")
            }
            do throws(SinkError) {
                channel = try PublisherChannel(settings)
                phase = .open
            } catch {
                phase = .failed(error)
                throw error
            }
        }
    }

    private func accept(_ messages: [OutgoingMessage], _ call: Call<[SendResult]>) {
        switch phase {
        case .new: call.fail(SinkError(.notOpen, "\(settings.name) is not open."))
        case .failed(let cause):
            call.fail(SinkError(.notOpen, "\(settings.name) failed before (\(cause)): open it anew.", cause: cause))
        case .open:
            lastRequest += 1
            unpublished.append(lastRequest)
            requests[lastRequest] = Request(
                messages: messages,
                call: call,
                deadline: .now.advanced(by: settings.timeout),
                results: messages.map { _ in nil },
                open: messages.count
            )
        }
    }

    // MARK: - Publishing

    /// Publishes what is not published, unless the broker wants nothing now.
    ///
    /// It listens in between: a broker that is not heard would not listen either.
    private func publish() throws(SinkError) {
        while let number = unpublished.first {
            guard var request = requests[number], request.next < request.messages.count else {
                unpublished.removeFirst()
                continue
            }
            let channel = try readyChannel()
            guard !channel.isBlocked else { return }
            let index = request.next
            request.next += 1
            requests[number] = request
            switch settings.routingKey.key(of: request.messages[index]) {
            case .success(let key):
                let place = PublisherConfirms.Place(request: number, index: index)
                try channel.publish(request.messages[index], to: key, as: place)
                answer(try channel.read())
            case .failure(let fault):
                answer([(PublisherConfirms.Place(request: number, index: index), .refused(reason: fault.reason))])
            }
        }
    }

    private func readyChannel() throws(SinkError) -> PublisherChannel {
        if let channel { return channel }
        let channel = try PublisherChannel(settings)
        self.channel = channel
        return channel
    }

    // MARK: - Answers

    private func answer(_ results: [(place: PublisherConfirms.Place, result: SendResult)]) {
        for (place, result) in results {
            guard var request = requests[place.request] else { continue }
            // Taken out, so that the array is not copied.
            requests[place.request] = nil
            request.results[place.index] = result
            request.open -= 1
            if request.open > 0 {
                requests[place.request] = request
            } else {
                let all = request.results.compactMap(\.self)
                request.call.perform { all }
            }
        }
    }

    private func checkDeadlines() throws(SinkError) {
        let now = Instant.now
        guard requests.values.contains(where: { $0.deadline <= now }) else { return }
        let reason = channel?.isBlocked == true ? "it is short of memory or disk" : "no confirms come"
        throw SinkError(
            .unavailable,
            "The broker at \(settings.connection.address.name) has not taken everything within \(settings.timeout): "
                + "\(reason)."
        )
    }

    /// Answers all requests: what the broker has of them is not known.
    private func fail(_ error: SinkError) {
        for request in requests.values { request.call.fail(error) }
        requests = [:]
        unpublished = []
    }
}
