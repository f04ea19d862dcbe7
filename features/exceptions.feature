Feature: What keeps a period open
  A controller signs a close only when what stands open was looked at. So a period with an open blocking exception is not
  closed for good until the exception is accepted with a comment; who accepted it, and why, is kept with the books.

  Background: A count that is far off
    COUNTS holds a hundred units at 2,000 USD each and reports forty of them: 120,000 USD are not explained, which the
    standard calls material and lets block the close.

    Given a channel kept by the standard
    And these partners
      | partner | model  | price protected |
      | COUNTS  | resale | no              |
    And this price book
      | part | from       | list price |
      | X    | 2026-01-01 | 2000       |
    And these shipments
      | invoice | shipped    | received   | partner | part | quantity | unit price |
      | 1       | 2026-01-05 | 2026-01-07 | COUNTS  | X    | 100      | 2000       |
    And these stock reports
      | partner | part | date       | quantity |
      | COUNTS  | X    | 2026-01-31 | 40       |
    When what is known on 2026-02-03 is loaded

  Scenario: A period with an open blocking exception is not closed for good until it is accepted with a comment
    When somebody tries to close FY2026-P01 for good
    Then the close is refused: "hard close needs no open block-close: 1 open exception of siso"
    And FY2026-P01 is kept as a trial
    And the steps of the close are
      | name        | done | waits for |
      | facts-in    | yes  |           |
      | stock-tied  | no   |           |
      | basis-clear | yes  |           |
    And the exceptions of FY2026-P01 are
      | of   | where          | value   | outcomes    | state |
      | siso | OWN, COUNTS, X | -120000 | block-close | open  |
    When the exception of siso in FY2026-P01 is given to anna
    Then the exceptions of FY2026-P01 are
      | of   | where          | value   | severity | owner                | assigned | age | state    |
      | siso | OWN, COUNTS, X | -120000 | critical | corporate-controller | anna     | 0   | assigned |
    When somebody accepts siso in FY2026-P01 with the comment "60 units found in the partner's second warehouse"
    And FY2026-P01 is closed for good
    Then the exceptions of FY2026-P01 are
      | of   | where          | state    | comment                                           |
      | siso | OWN, COUNTS, X | accepted | 60 units found in the partner's second warehouse |
    And the books are whole

  Scenario: An acceptance without a comment is none
    When somebody tries to close FY2026-P01 for good
    Then somebody who accepts siso in FY2026-P01 without a comment is told "the comment is empty"
    And the exceptions of FY2026-P01 are
      | of   | where          | state |
      | siso | OWN, COUNTS, X | open  |

  Scenario: What changes after it was accepted is open again
    A corrected shipment says that 120 units were sent, so 80 are missing and not 60.

    When somebody tries to close FY2026-P01 for good
    And somebody accepts siso in FY2026-P01 with the comment "60 units found in the partner's second warehouse"
    And these shipments become known
      | invoice | shipped    | received   | partner | part | quantity | unit price |
      | 2       | 2026-01-15 | 2026-01-17 | COUNTS  | X    | 20       | 2000       |
    And what is known on 2026-02-05 is loaded
    And somebody tries to close FY2026-P01 for good
    Then the close is refused: "expected 120, reported 40: -80 units, changed since"
    And the last file did not resolve the exception of siso in FY2026-P01: "still raises"
    And the exceptions of FY2026-P01 are
      | of   | where          | value   | state      |
      | siso | OWN, COUNTS, X | -160000 | open again |

  Scenario: More than a trial close allows is said, and the trial is kept
    When somebody tries to close FY2026-P01
    Then the trial close allows 50000 and 120000 is unresolved
    And FY2026-P01 is kept as a trial
