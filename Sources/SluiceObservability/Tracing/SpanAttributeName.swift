import Tracing

/// The names of the attributes that spans of stages have; what they mean is told at ``Traced``.
enum SpanAttributeName: String {
    case stage = "sluice.stage"
    case call = "sluice.call"
    case demand = "sluice.demand"
    case received = "sluice.received"
    case emitted = "sluice.emitted"
}

extension Span {
    func set(_ name: SpanAttributeName, to value: some SpanAttributeConvertible) {
        attributes[name.rawValue] = value
    }
}
