/// Which ends a stage has.
public enum StageKind: String, Codable, Sendable {
    /// It emits and receives nothing.
    case producer
    /// It receives and emits.
    case producerConsumer
    /// It receives and emits nothing.
    case consumer

    var emits: Bool { self != .consumer }
}
