import SluicePostgres
import SluiceSinks

/// Failures that pass by themselves.
enum PassingFailure {
    /// Serialization failure, deadlock, cancelled by an administrator.
    private static let passing: Set<String> = ["40001", "40P01", "57014"]

    /// Why nothing can be stored now; `nil` if it never can.
    static func reason(of error: any Error) -> String? {
        switch error {
        case let error as ReplicationError where error.isRetriable: error.message
        // A process that is gone may be there for the server for a while.
        case let error as SinkError where error.code == .inUse: error.message
        case let failure as StatementFailure where passing.contains(failure.sqlState):
            "The transaction gave way to another one (SQLSTATE \(failure.sqlState))."
        default: nil
        }
    }
}
