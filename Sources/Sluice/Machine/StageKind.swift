/// Which ends a stage has.
package enum StageKind: Sendable {
    case producer
    case producerConsumer
    case consumer

    var emits: Bool { self != .consumer }
}
