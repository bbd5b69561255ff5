import SluicePipelines

/// Tells a consumer what became of its messages, and keeps it in its group as long as there are any.
///
/// Every message in a pipeline holds on to it, and so does the source. When it goes away nothing is left that could be
/// acknowledged, whether it was handled or dropped: then the consumer commits and leaves.
final class KafkaAcknowledger: Acknowledger {
    private let inbox: ConsumerInbox

    init(_ inbox: ConsumerInbox) {
        self.inbox = inbox
    }

    deinit {
        inbox.append(.abandon)
    }

    func acknowledge(_ outcome: AcknowledgedMessages, of group: Int) async {
        inbox.append(.settle(outcome, number: group))
        // A pipeline that has drained has committed.
        if inbox.isEnding { await inbox.end(cutOff: false) }
    }
}

/// Held by the source alone: tells the consumer that the source is gone.
final class SourceEnd: Sendable {
    private let inbox: ConsumerInbox

    init(_ inbox: ConsumerInbox) {
        self.inbox = inbox
    }

    deinit {
        inbox.append(.end(nil, cutOff: false))
    }
}
