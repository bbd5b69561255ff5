import SluicePostgres
import SluiceSinks

/// A change that the database will never take.
struct RefusedChange: Error {
    /// What is wrong with it: without its values.
    let reason: String

    /// The same for who has to mend it.
    let error: SinkError
}

extension StatementFailure {
    /// Why the database will never take a change; `nil` if the failure is of something else, which can be mended there.
    func reason(for purpose: Purpose) -> String? {
        guard case .row(_, let table) = purpose else { return nil }
        let place = column.map { ", column \(quotedName($0))" } ?? ""
        switch sqlState.prefix(2) {
        case "22":
            let type = dataType.map { " (\($0))" } ?? ""
            return "A value does not fit its column\(type) in \(table)\(place) (SQLSTATE \(sqlState))."
        case "23":
            let constraint = constraint.map { "the constraint \(quotedName($0))" } ?? "a constraint"
            return "It breaks \(constraint) of \(table)\(place) (SQLSTATE \(sqlState))."
        default:
            return nil
        }
    }
}
