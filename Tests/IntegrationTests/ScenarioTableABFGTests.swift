import Foundation
import Testing

/// SCENARIOS-A-B-F-G.md is true: it has each scenario once, and names exactly the files that test it.
@Suite struct ScenarioTableABFGTests {
    private static let scenarios =
        (1...10).map { "A\($0)" } + (11...21).map { "B\($0)" } + (59...70).map { "F\($0)" } + (71...74).map { "G\($0)" }

    private let folder = URL(filePath: #filePath).deletingLastPathComponent()

    @Test func eachScenarioIsInTheTableOnceWithATestOrARemark() throws {
        let rows = try rows()
        #expect(rows.map(\.scenario) == Self.scenarios)
        for row in rows {
            #expect(!row.files.isEmpty || !row.remark.isEmpty, "\(row.scenario) has neither a test nor a remark")
        }
    }

    @Test func theTableNamesExactlyTheFilesThatTestAScenario() throws {
        let found = try testedScenarios()
        #expect(found.count > 25, "Tests are found at all")
        for row in try rows() {
            #expect(row.files == found[row.scenario] ?? [], "\(row.scenario): the table, and then the tests")
        }
    }

    private struct Row {
        let scenario: String
        let files: Set<String>
        let remark: String
    }

    private func rows() throws -> [Row] {
        let table = try String(contentsOf: folder.appending(path: "SCENARIOS-A-B-F-G.md"), encoding: .utf8)
        return table.matches(of: /(?m)^\| ([ABFG]\d+) \|([^|]*)\|([^|]*)\|([^|]*)\|$/).map { match in
            Row(
                scenario: String(match.output.1),
                files: Set(match.output.3.matches(of: /`([^`]+)`/).map { String($0.output.1) }),
                remark: match.output.4.trimmingCharacters(in: .whitespaces)
            )
        }
    }

    /// The files in which a test has the name of a scenario.
    private func testedScenarios() throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path()) where file.hasSuffix(".swift") {
            let source = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            for match in source.matches(of: #/@Test\(\s*"((?:[ABFG]\d+(?:, | to )?)+): /#) {
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
