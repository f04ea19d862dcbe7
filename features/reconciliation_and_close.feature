Feature: What a close stands for
  A period is published if everything ties out, and not otherwise. A report that did not come is not a report of nothing.
  A period closed for good does not change; what becomes known later is booked in the open one.

  Scenario: A missing stock report is not a report of nil
    Two partners hold ten units each and sold none. One reports; of the other nothing is known, so there is no variance
    to absorb, no sale is made up, and somebody is told.

    Given a channel kept by the standard
    And these partners
      | partner | model  | price protected |
      | SILENT  | resale | no              |
      | SPEAKS  | resale | no              |
    And this price book
      | part | from       | list price |
      | X    | 2026-01-01 | 20         |
    And these shipments
      | invoice | shipped    | received   | partner | part | quantity | unit price |
      | 1       | 2026-01-05 | 2026-01-07 | SILENT  | X    | 10       | 20         |
      | 2       | 2026-01-05 | 2026-01-07 | SPEAKS  | X    | 10       | 20         |
    And these stock reports
      | partner | part | date       | quantity |
      | SPEAKS  | X    | 2026-01-31 | 0        |
    When what is known on 2026-02-03 is loaded
    And FY2026-P01 is closed on trial
    Then the stock is
      | partner | expected | reported | variance | severity | treatment   |
      | SILENT  | 10       |          | 0        | medium   | exception   |
      | SPEAKS  | 10       | 0        | -10      | info     | auto-adjust |
    And these controls are broken
      | name            | code      | severity | rows                       |
      | every-report-in | no-report | high     | OWN, SILENT, X, FY2026-P01 |
    And every tie-out holds

  Scenario: A period that does not tie out is not published
    A balance brought forward names a role that no account stands for.

    Given goods kept with opening balances
    And these opening balances
      | number | date       | role        | amount |
      | 1      | 2026-01-01 | receivables | 100    |
      | 2      | 2026-01-01 | petty-cash  | 40     |
    When what is known on 2026-02-03 is loaded
    And somebody tries to close FY2026-P01
    Then a tie-out fails: "no account for petty-cash"
    And nothing is published

  Scenario: A late sale is booked in the open period, with its own date
    Given goods kept oldest first
    And the parts X
    And these receipts
      | document | date       | part | quantity | unit cost |
      | A        | 2026-01-05 | X    | 10       | 7         |
      | B        | 2026-01-20 | X    | 10       | 9         |
    And these sales
      | number | date       | part | quantity | unit price |
      | 1      | 2026-01-25 | X    | 12       | 15         |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the goods out are
      | number | event date | document | quantity | cost moved |
      | 1      | 2026-01-25 | A        | 10       | 70         |
      | 1      | 2026-01-25 | B        | 2        | 18         |
    When these sales become known
      | number | date       | part | quantity | unit price |
      | 2      | 2026-01-15 | X    | 3        | 15         |
    And what is known on 2026-02-10 is loaded
    And FY2026-P02 is closed on trial
    Then the goods out are
      | number | event date | document | quantity | cost moved |
      | 2      | 2026-01-15 | B        | 3        | 27         |
    And the balances are
      | role          | movement           | amount |
      | inventory     | opening            | 72     |
      | inventory     | cost-of-goods-sold | -27    |
      | inventory     | closing            | 45     |
      | cost-of-sales | opening            | 88     |
      | cost-of-sales | cost-of-goods-sold | 27     |
      | cost-of-sales | closing            | 115    |
      | sales         | opening            | 180    |
      | sales         | invoice            | 45     |
      | sales         | closing            | 225    |
    And 4 lines are of facts of closed periods
    When somebody tries to close FY2026-P01
    Then the close is refused: "FY2026-P01 is hard-closed; what changes it posts in FY2026-P02"
