/// Belongs to a probe's stage, and tells when the stage has ended: then nobody refers to this any more.
final class ProbeLife: Sendable {
    private let ended: @Sendable () -> Void

    init(_ ended: @escaping @Sendable () -> Void) {
        self.ended = ended
    }

    deinit {
        ended()
    }
}
