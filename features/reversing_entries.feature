Feature: Entries that the next period takes back
  An accrual stands for one period. On the first day of the next its mirror is posted, on the other sides, and leads back to
  the line that it takes back.

  Scenario: An accrual of January is taken back in February, and the bill makes the difference
    Two deliveries, 1,200 and 345.67, are accrued: 1,545.67. In February the bill of the first is 1,180, so the month bears
    1,180 - 1,545.67 = -365.67, and nothing is left accrued. In March nothing is taken back again.

    Given accruals under a reversing entry
    And these deliveries
      | delivery | date       | value    |
      | D-1      | 2026-01-28 | 1200.00  |
      | D-2      | 2026-01-30 | 345.67   |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the journal posts
      | account | debit    | credit   |
      | 2300    | 0        | 1,545.67 |
      | 6100    | 1,545.67 | 0        |
    When these bills become known
      | delivery | date       | value    |
      | D-1      | 2026-02-09 | 1180.00  |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed for good
    Then the journal posts
      | account | debit    | credit   |
      | 2100    | 0        | 1,180.00 |
      | 2300    | 1,545.67 | 0        |
      | 6100    | 1,180.00 | 1,545.67 |
    And the costs are
      | role          | movement | amount    |
      | services      | opening  | 1,545.67  |
      | services      | accrue   | -1,545.67 |
      | services      | settle   | 1,180.00  |
      | services      | closing  | 1,180.00  |
      | accrued-costs | opening  | 1,545.67  |
      | accrued-costs | accrue   | -1,545.67 |
      | accrued-costs | closing  | 0         |
      | payables      | settle   | 1,180.00  |
      | payables      | closing  | 1,180.00  |
    And these entries are taken back
      | journal | lines | debit    |
      | accrue  | 2     | 1,545.67 |
    And every tie-out holds
    When somebody asks what is behind "debit Accrued costs"
    Then it takes back a line of FY2026-P01
    And the rows behind it are
      | kind     | row of deliveries | amount   |
      | delivery | 2                 | 1,200.00 |
      | delivery | 3                 | 345.67   |

  Scenario: What comes too late to stand in its period is taken back where it posts
    A delivery of January becomes known when January is closed: it is accrued and taken back in February, and February
    bears nothing of it.

    Given accruals under a reversing entry
    And these deliveries
      | delivery | date       | value  |
      | D-1      | 2026-01-28 | 100.00 |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    And these deliveries become known
      | delivery | date       | value |
      | D-2      | 2026-01-29 | 40.00 |
      | D-3      | 2026-02-11 | 7.00  |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed for good
    Then the journal posts
      | account | debit  | credit |
      | 2300    | 140.00 | 47.00  |
      | 6100    | 47.00  | 140.00 |
    And these entries are taken back
      | journal | lines | debit  |
      | accrue  | 4     | 140.00 |
    And 4 lines are of facts of closed periods
    When FY2026-P03 is closed on trial
    Then these entries are taken back
      | journal | lines | debit |
      | accrue  | 2     | 7.00  |
