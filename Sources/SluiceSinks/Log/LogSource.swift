import Sluice
package import SluicePostgres

/// The stage at the head of the way from a log to one of its sinks: it reads only while somebody asks.
package struct LogSource: Producer {
    private let reader: LogReader
    private var read: ArraySlice<Change> = []

    /// Makes the stage.
    ///
    /// - Parameter reader: Used for nothing else.
    package init(_ reader: LogReader) {
        self.reader = reader
    }

    package mutating func handleDemand(_ demand: Int) async throws -> [Change]? {
        while read.isEmpty {
            switch try await reader.next(demand) {
            case .changes(let changes): read = changes[...]
            case .nothing: try await reader.wait()
            case .ended: return nil
            }
        }
        defer { read = read.dropFirst(demand) }
        return Array(read.prefix(demand))
    }
}
