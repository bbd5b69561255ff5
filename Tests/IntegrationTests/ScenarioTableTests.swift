import Foundation
import Testing

/// SCENARIOS.md is true: it has each scenario once, and names exactly the files that test it.
@Suite struct ScenarioTableTests {
    private static let sections: [(letter: String, numbers: ClosedRange<Int>)] = [
        ("A", 1...10), ("B", 11...21), ("C", 22...33), ("D", 34...43), ("E", 44...58), ("F", 59...70), ("G", 71...74),
        ("H", 75...81), ("I", 82...90),
    ]
    /// These have a table of their own, with numbers that mean others.
    private static let others = ["SluiceTests"]

    private let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    private struct Row {
        let scenario: String
        let files: Set<String>
        let remark: String
    }

    @Test func eachScenarioIsInTheTableOnceWithATestOrARemark() throws {
        let rows = try rows()
        let scenarios = Self.sections.flatMap { section in section.numbers.map { "\(section.letter)\($0)" } }
        #expect(rows.map(\.scenario) == scenarios)
        for row in rows {
            #expect(!row.files.isEmpty || !row.remark.isEmpty, "\(row.scenario) has neither a test nor a remark")
        }
    }

    @Test func theTableNamesExactlyTheFilesThatTestAScenario() throws {
        var found = try testedScenarios()
        #expect(found.count > 60, "Tests are found at all")
        for row in try rows() {
            #expect(row.files == found.removeValue(forKey: row.scenario) ?? [], "\(row.scenario): the table, the tests")
        }
        #expect(found.isEmpty, "tests of scenarios that the table does not have")
    }

    private func rows() throws -> [Row] {
        let path = tests.appending(path: "IntegrationTests/SCENARIOS.md")
        let table = try String(contentsOf: path, encoding: .utf8)
        return table.matches(of: /(?m)^\| ([A-Z]\d+) \|[^|]*\|([^|]*)\|([^|]*)\|$/).map { match in
            Row(
                scenario: String(match.output.1),
                files: Set(match.output.2.matches(of: /`([^`]+)`/).map { String($0.output.1) }),
                remark: match.output.3.trimmingCharacters(in: .whitespaces)
            )
        }
    }

    /// The files in which a test has the name of a scenario.
    private func testedScenarios() throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        for file in try FileManager.default.subpathsOfDirectory(atPath: tests.path()) where file.hasSuffix(".swift") {
            guard !Self.others.contains(where: { file.hasPrefix("\($0)/") }) else { continue }
            let source = try String(contentsOf: tests.appending(path: file), encoding: .utf8)
            for match in source.matches(of: #/@Test\(\s*"((?:[A-Z]\d+(?:, | to )?)+): /#) {
                for scenario in Self.expanded(match.output.1) { found[scenario, default: []].insert(file) }
            }
        }
        return found
    }

    /// `A5, B11 to B13` as A5, B11, B12 and B13.
    private static func expanded(_ list: Substring) -> [String] {
        list.split(separator: ", ").flatMap { part -> [String] in
            let ends = part.split(separator: " to ")
            guard ends.count == 2, let first = Int(ends[0].dropFirst()), let last = Int(ends[1].dropFirst()) else {
                return [String(part)]
            }
            return (first...last).map { "\(ends[0].prefix(1))\($0)" }
        }
    }
}
