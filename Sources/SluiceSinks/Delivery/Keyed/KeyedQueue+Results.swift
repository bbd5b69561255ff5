import DequeModule
import HeapModule
import Sluice

extension KeyedQueue {
    /// Takes in the sink's answer to a request.
    ///
    /// - Parameters:
    ///   - request: As it was sent.
    ///   - results: One for each message, in the same order.
    ///   - now: The time.
    mutating func answered(_ request: Request, _ results: [SendResult], at now: Duration) {
        ended(request)
        guard results.count == request.places.count else {
            failure = SinkError(
                .notOurs,
                "The sink answered for \(results.count) messages and was sent \(request.places.count). This is a defect of "
                    + "that sink."
            )
            return
        }
        health.answered()
        for (place, result) in zip(request.places, results) {
            // Behind a message of its key that failed: unsent, whatever the answer says.
            guard messages[place].waits == 0 else {
                messages[place].state = .waiting
                detach(place)
                continue
            }
            switch result {
            case .durable: settle(place)
            case .failed(let reason, let after): failed(place, reason, after: after, at: now)
            case .refused(let reason): refuse(place, reason)
            }
        }
    }

    /// Takes in that the sink could not be reached: the messages count as unsent.
    mutating func unreachable(_ request: Request, at now: Duration) {
        ended(request)
        health.unreachable(at: now)
        for place in request.places.reversed() {
            if messages[place].waits > 0 {
                messages[place].state = .waiting
            } else {
                messages[place].state = .ready
                ready.prepend(place)
                readyBytes += messages[place].message.byteCount
            }
        }
    }

    /// Takes in that a dead letter is durable.
    mutating func buried(_ burial: Burial) {
        burialsInFlight -= 1
        settle(burial.place)
    }

    mutating func refuseOversized(_ place: Int) {
        refuse(
            place,
            "It has \(messages[place].message.byteCount) bytes, and the sink takes at most \(rules.limits.messageBytes)."
        )
    }

    private mutating func ended(_ request: Request) {
        requestsInFlight -= 1
        if request.isPartial { partialRequestsInFlight -= 1 }
    }

    private mutating func failed(_ place: Int, _ reason: String, after: Duration?, at now: Duration) {
        messages[place].failures += 1
        let failures = messages[place].failures
        if rules.hasDeadLetters, let limit = rules.maxFailures, failures >= limit {
            return refuse(place, reason)
        }
        messages[place].state = .backingOff
        detach(place)
        let delay = rules.backoff.delay(after: failures)
        waiting.insert(Attempt(due: now + max(delay, after ?? .zero), message: place))
    }

    private mutating func refuse(_ place: Int, _ reason: String) {
        let message = messages[place].message
        guard rules.hasDeadLetters else {
            failure =
                failure
                ?? SinkError(
                    .refused,
                    "The sink refuses the message at \(message.cursor)\(message.tableName.map { " of \($0)" } ?? ""): "
                        + "\(reason) Give --dead-letter to have such messages put aside."
                )
            return
        }
        messages[place].state = .refused
        refused.append(
            Burial(
                place: place,
                letter: DeadLetter(message: message, reason: reason, attempts: messages[place].failures)
            )
        )
    }
}

extension OutgoingMessage {
    /// `schema.table`, if the table is known.
    var tableName: String? {
        guard let schema, let table else { return nil }
        return "\(schema).\(table)"
    }
}
