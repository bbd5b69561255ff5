/// What a source tells beside a body: many handlers never ask, and a dictionary costs more than all else of a message.
@usableFromInline
enum Metadata: Sendable {
    case made([String: String])
    case unmade(@Sendable () -> [String: String])

    @inlinable var value: [String: String] {
        switch self {
        case .made(let metadata): metadata
        case .unmade(let make): make()
        }
    }

    /// For changes, which are made in place.
    @inlinable var made: [String: String] {
        get { value }
        _modify {
            var metadata = value
            // Else there would be two of them, and the first change would copy.
            self = .made([:])
            defer { self = .made(metadata) }
            yield &metadata
        }
    }
}
