import SluicePostgres
import SluiceSinks

extension SinkError {
    /// Says why the database cannot be used; an error that already says it is kept.
    init(target: ConnectionTarget, _ error: any Error) {
        switch error {
        case let error as SinkError: self = error
        case let error as ReplicationError:
            let code: Code =
                switch error.code {
                case .unreachable, .connectionLost: .unavailable
                case .refused: .notAuthorized
                case .noPermission: .noPermission
                default: .inputOutput
                }
            self.init(code, "\(target) cannot be written to. \(error.message)", cause: error)
        case let failure as StatementFailure:
            self.init(refusal: failure, .transaction, target: target)
        case is StatementPipeline.Interrupted:
            self.init(.notOpen, "\(target) was closed while it was written to.")
        default:
            self.init(.inputOutput, "\(target) failed: \(error).", cause: error)
        }
    }

    /// Says which statement the server refused, and why.
    ///
    /// What the server says is repeated only where it cannot hold values of the row.
    init(refusal failure: StatementFailure, _ purpose: Purpose, target: ConnectionTarget) {
        let kind = failure.sqlState.prefix(2)
        let isHarmless = ["0A", "25", "42", "53", "54", "55", "57", "58"].contains(kind)
        let said = isHarmless ? ": \(failure.said)" : ""
        let reason = "\(said) (SQLSTATE \(failure.sqlState))"
        let object: String
        switch purpose {
        case .transaction: object = "the transaction"
        case .position: object = "the position in sluice.cursors"
        case .row(let cursor, let table): object = "the change at \(cursor) of \(table)"
        case .definition(let sql):
            object = "this definition"
            guard failure.sqlState != "42501" else {
                self.init(
                    .noPermission,
                    "\(target) does not let its user do what the rows that come next need\(reason). Grant the right, or do "
                        + "it as the owner: \(sql);"
                )
                return
            }
        }
        let (code, advice) = Self.advice(failure, kind: kind, purpose)
        self.init(code, "\(target) refuses \(object)\(reason). \(advice) Nothing of the batch was kept.")
    }

    private static func advice(_ failure: StatementFailure, kind: Substring, _ purpose: Purpose) -> (Code, String) {
        var table = "the table"
        if case .row(_, let name) = purpose { table = name }
        let column = failure.column.map { ", column \(quotedName($0))" } ?? ""
        switch failure.sqlState {
        case "42501":
            return (.noPermission, "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON \(table) to the user.")
        case "42P10":
            return (
                .missing,
                "Nothing there says that the key of the source's rows is unique. ALTER TABLE \(table) ADD PRIMARY KEY, "
                    + "with the columns that identify rows in the source."
            )
        case "53100":
            return (.noSpace, "Make room on the server's disk and start again.")
        case _ where kind == "22":
            let type = failure.dataType.map { " (\($0))" } ?? ""
            return (
                .refused,
                "A value does not fit its column\(column)\(type). Compare the types of the columns with those of the source; "
                    + "ALTER TABLE \(table) ALTER COLUMN ... TYPE ... and start again."
            )
        case _ where kind == "23":
            let constraint = failure.constraint.map { "the constraint \(quotedName($0))" } ?? "a constraint"
            return (
                .refused,
                "It breaks \(constraint)\(column). Drop what the source does not have, or repair the row, and start again."
            )
        default:
            return (.inputOutput, "Mend it there, and start again.")
        }
    }
}
