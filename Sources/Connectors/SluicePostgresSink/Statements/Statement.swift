import SluicePostgres

/// A statement with the values of its parameters.
struct Statement: Equatable {
    /// The same text for all statements of a form, so that it is prepared once.
    var sql: String

    /// One for each `$n`, in Postgres' text form; `nil` is NULL.
    var values: [ArraySlice<UInt8>?]
}

/// A table's name in the database.
struct TableName: Hashable {
    var schema: String
    var table: String

    /// As SQL writes it.
    var quoted: String { "\(quotedName(schema)).\(quotedName(table))" }
}

/// A text as SQL writes it, whatever the settings are.
func quotedText(_ text: String) -> String {
    let doubled = text.replacing("'", with: "''")
    return text.contains("\\") ? " E'\(doubled.replacing("\\", with: "\\\\"))'" : "'\(doubled)'"
}
