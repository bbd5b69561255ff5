import SluiceSinks

/// Decides what of a sink's deliveries the user hears, and in which words.
enum DeliveryNotices {
    static func notice(of event: RequestLoop.Event, sink: String) -> String {
        switch event {
        case .unreachable(let reason):
            "\(sink) takes nothing now: \(reason) It is tried again and again; nothing is lost meanwhile."
        case .reachable:
            "\(sink) takes messages again."
        case .buried(let letter):
            "\(sink) does not take the message at \(letter.message.cursor): \(letter.reason) It is among the dead "
                + "letters now."
        }
    }
}
