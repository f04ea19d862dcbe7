Feature: Nobody decides on his own work
  From the day books name people, rules run once somebody else approved them, a period is frozen by two, and opened again by
  three. Whoever had a part in something does not approve it; what was refused is kept in the books.

  Background: Goods worth 1,000 dollars, of which four tenths are sold
    The ruleset asks for the chief accountant's approval of a close, and for that of the chief accountant and of the head of
    finance where a closed period is to be opened again.

    Given goods kept oldest first
    And the books name these people
      | person | roles                                      |
      | lea    | rule-author                                |
      | omar   | rule-approver, controller, chief-accountant |
      | jonas  | preparer                                   |
      | ana    | controller, chief-accountant               |
      | kim    | controller, head-of-finance                |
    And the parts X
    And these receipts
      | document | date       | part | quantity | unit cost |
      | R-1      | 2026-01-05 | X    | 10       | 100.00    |
    And these sales
      | number | date       | part | quantity |
      | S-1    | 2026-01-20 | X    | 4        |

  Scenario: Rules that nobody approved read no file
    When jonas tries to load what is known on 2026-02-02
    Then jonas is told "files are loaded by approved rules, and these, with client.yaml as it is, were never drafted"
    When lea drafts the rules
    And omar reviews the rules
    And jonas tries to load what is known on 2026-02-02
    Then jonas is told "files are loaded by approved rules, and these, with client.yaml as it is, are reviewed"
    When omar approves the rules from 2026-01-01 as chief-accountant
    And jonas loads what is known on 2026-02-02
    Then the audit trail tells of 2 refused acts

  Scenario: A period is asked for by one and frozen by another
    Given rules drafted by lea and approved by omar from 2026-01-01
    When jonas loads what is known on 2026-02-02
    And jonas closes FY2026-P01 on trial
    And jonas asks for the close of FY2026-P01
    And kim tries to approve the close of FY2026-P01
    Then kim is told "kim is not a chief-accountant, whose approval the rules ask for"
    When ana approves the close of FY2026-P01
    Then FY2026-P01 is hard-closed, asked for by jonas and approved by ana as chief-accountant

  Scenario: What became known after the request voids it
    Given rules drafted by lea and approved by omar from 2026-01-01
    When jonas loads what is known on 2026-02-02
    And jonas closes FY2026-P01 on trial
    And jonas asks for the close of FY2026-P01
    And these sales become known
      | number | date       | part | quantity |
      | S-2    | 2026-01-25 | X    | 1        |
    And jonas loads what is known on 2026-02-03
    And ana tries to approve the close of FY2026-P01
    Then ana is told "files, overrides or acceptances came after the close of FY2026-P01 was asked for; make another trial"

  Scenario: A closed period is opened again by two others, and its former close stays
    Given rules drafted by lea and approved by omar from 2026-01-01
    When jonas loads what is known on 2026-02-02
    And jonas closes FY2026-P01 on trial
    And jonas asks for the close of FY2026-P01
    And ana approves the close of FY2026-P01
    And ana asks for the reopening of FY2026-P01, because "a supplier credited one unit"
    And ana tries to approve the reopening of FY2026-P01
    Then ana is told "ana asked for it; two others approve it"
    When kim approves the reopening of FY2026-P01
    Then FY2026-P01 is closed
    When omar approves the reopening of FY2026-P01
    Then FY2026-P01 is reopened
    When these sales become known
      | number | date       | part | quantity |
      | S-2    | 2026-01-25 | X    | 1        |
    And jonas loads what is known on 2026-02-03
    And jonas closes FY2026-P01 on trial
    And jonas asks for the close of FY2026-P01
    And ana approves the close of FY2026-P01
    Then FY2026-P01 is hard-closed, asked for by jonas and approved by ana as chief-accountant
    And FY2026-P01 was hard-closed 2 times
    And the books are whole
