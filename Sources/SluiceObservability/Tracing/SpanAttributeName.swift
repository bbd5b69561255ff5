import Tracing

/// The names of the attributes that spans of stages have; what they mean is told at ``Traced`` and ``TracedHandler``.
enum SpanAttributeName: String {
    case stage = "sluice.stage"
    case call = "sluice.call"
    case demand = "sluice.demand"
    case received = "sluice.received"
    case emitted = "sluice.emitted"
    case pipeline = "sluice.pipeline"
    case batcher = "sluice.batcher"
    case trigger = "sluice.trigger"
}

extension Span {
    func set(_ name: SpanAttributeName, to value: some SpanAttributeConvertible) {
        attributes[name.rawValue] = value
    }
}
