/// A way to handle all messages.
public struct Contender {
    let name: String
    let isBare: Bool
    let run: (_ reader: String) async throws -> Void

    /// A bare loop around a client.
    public static func bare(_ name: String, _ run: @escaping (_ reader: String) async throws -> Void) -> Contender {
        Contender(name: "bare loop in C, \(name)", isBare: true, run: run)
    }

    /// A pipeline; of processors and of the messages that each may have been promised.
    public static func pipeline(
        _ concurrency: Int,
        _ maxDemand: Int,
        _ run: @escaping (_ reader: String) async throws -> Void
    ) -> Contender {
        let name = "pipeline, \(concurrency) processors, windows of \(maxDemand)"
        return Contender(name: name, isBare: false, run: run)
    }
}
