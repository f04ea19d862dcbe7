Feature: Reports by week, under old numbers, as kits
  A partner says what it sold in a week, in words of its own. The units are put on days, parts and numbers of ours, each once,
  and every part leads back to the row that was delivered.

  Background:
    Given weeks under split by days
    And the partners ACME
    And the parts X, OLD, NEW, KIT, A, B
    And these holidays
      | date       |
      | 2026-01-19 |

  Scenario: A week over the end of January is sold on its working days, each in its own month
    Monday 26 January to Sunday 1 February: 7 units over five working days are 1 each, and of the 2 left over one goes to
    Monday and one to Tuesday: 2, 2, 1, 1, 1, all in January. Of the 10 units from Thursday 29 January to Tuesday 3 February
    each of four working days gets 2, the first two one more: 6 in January, 4 in February. The week after is February's, 5
    units. At a price of 10.00 January earns 13 units, February 4 + 5 = 9. What January has counted a part of, the report of
    10 units, is not changed any more: another figure for it waits.

    Given these shipments
      | invoice | date       | partner | part | quantity | unit price |
      | 1       | 2026-01-02 | ACME    | X    | 100      | 10.00      |
    And these sales
      | partner | report | from       | through    | part | quantity |
      | ACME    | W5     | 2026-01-26 | 2026-02-01 | X    | 7        |
      | ACME    | C5     | 2026-01-29 | 2026-02-03 | X    | 10       |
    And these stock reports
      | partner | part | date       | quantity |
      | ACME    | X    | 2026-01-31 | 87       |
    When what is known on 2026-02-04 is loaded
    And FY2026-P01 is closed for good
    Then the sold are
      | partner | part | sale date  | quantity | mark      |
      | ACME    | X    | 2026-01-26 | 2        | estimated |
      | ACME    | X    | 2026-01-27 | 2        | estimated |
      | ACME    | X    | 2026-01-28 | 1        | estimated |
      | ACME    | X    | 2026-01-29 | 1        | estimated |
      | ACME    | X    | 2026-01-30 | 1        | estimated |
      | ACME    | X    | 2026-01-29 | 3        | estimated |
      | ACME    | X    | 2026-01-30 | 3        | estimated |
    And the stock is
      | expected | reported | variance |
      | 87       | 87       | 0        |
    And these adjustments are made
      | name          | form  | facts | units |
      | week-reported | split | 2     | 17    |
    And every tie-out holds
    When somebody asks what is behind "credit Revenue"
    Then the rows behind it are
      | kind     | day        | made by       | made from              | amount |
      | pos-sale | 2026-01-26 | week-reported | pos-sale OWN, ACME, W5 | 20.00  |
      | pos-sale | 2026-01-27 | week-reported | pos-sale OWN, ACME, W5 | 20.00  |
      | pos-sale | 2026-01-28 | week-reported | pos-sale OWN, ACME, W5 | 10.00  |
      | pos-sale | 2026-01-29 | week-reported | pos-sale OWN, ACME, W5 | 10.00  |
      | pos-sale | 2026-01-30 | week-reported | pos-sale OWN, ACME, W5 | 10.00  |
      | pos-sale | 2026-01-29 | week-reported | pos-sale OWN, ACME, C5 | 30.00  |
      | pos-sale | 2026-01-30 | week-reported | pos-sale OWN, ACME, C5 | 30.00  |
    When these sales become known
      | partner | report | from       | through    | part | quantity |
      | ACME    | W6     | 2026-02-02 | 2026-02-08 | X    | 5        |
      | ACME    | C5     | 2026-01-29 | 2026-02-03 | X    | 12       |
    Then loading what is known on 2026-03-03 leaves 1 row in quarantine: "changes a fact that FY2026-P01 has counted"
    When FY2026-P02 is closed for good
    Then the sold are
      | partner | part | sale date  | quantity | mark      |
      | ACME    | X    | 2026-02-02 | 2        | estimated |
      | ACME    | X    | 2026-02-03 | 2        | estimated |
      | ACME    | X    | 2026-02-02 | 1        | estimated |
      | ACME    | X    | 2026-02-03 | 1        | estimated |
      | ACME    | X    | 2026-02-04 | 1        | estimated |
      | ACME    | X    | 2026-02-05 | 1        | estimated |
      | ACME    | X    | 2026-02-06 | 1        | estimated |
    And the journal posts
      | account | debit | credit |
      | 2310    | 90.00 | 0      |
      | 4010    | 0     | 90.00  |
    And every tie-out holds

  Scenario: An old number is a new one, a kit is its components, and reported days go before working days
    OLD is now NEW. A KIT is two A and one B: 3 kits are 6 A at 1.00 and 3 B at 5.00, 21.00 together. The week of a holiday,
    19 to 23 January, has four working days: 6 A are 2, 2, 1, 1, and 3 B are one on each of the first three.
    Of 8 X from 12 to 18 January the partner counted 3 on Saturday and 4 on Sunday: 8 x 3/7 = 3 3/7 and 8 x 4/7 = 4 4/7, and
    the unit left over goes to Sunday: 5. Another report is of week 52 of the retail year 2025, 25 to 31 January: 2 units.

    Given these new numbers
      | old part | part |
      | OLD      | NEW  |
    And these kits
      | kit | part | per kit |
      | KIT | A    | 2       |
      | KIT | B    | 1       |
    And these shipments
      | invoice | date       | partner | part | quantity | unit price |
      | 1       | 2026-01-02 | ACME    | NEW  | 10       | 7.00       |
      | 2       | 2026-01-02 | ACME    | A    | 20       | 1.00       |
      | 3       | 2026-01-02 | ACME    | B    | 20       | 5.00       |
      | 4       | 2026-01-02 | ACME    | X    | 20       | 10.00      |
    And these sales
      | partner | report | from       | through    | part | quantity |
      | ACME    | R1     |            | 2026-01-14 | OLD  | 4        |
      | ACME    | R2     | 2026-01-19 | 2026-01-23 | KIT  | 3        |
      | ACME    | W3     | 2026-01-12 | 2026-01-18 | X    | 8        |
    And these retail weeks
      | partner | report | week       | part | quantity |
      | ACME    | R52    | FY2025-W52 | X    | 2        |
    And these days
      | partner | report | date       | quantity |
      | ACME    | W3     | 2026-01-17 | 3        |
      | ACME    | W3     | 2026-01-18 | 4        |
    When what is known on 2026-02-04 is loaded
    And FY2026-P01 is closed on trial
    Then the sold are
      | part | sale date  | quantity | mark      |
      | NEW  | 2026-01-14 | 4        |           |
      | A    | 2026-01-20 | 2        | estimated |
      | A    | 2026-01-21 | 2        | estimated |
      | A    | 2026-01-22 | 1        | estimated |
      | A    | 2026-01-23 | 1        | estimated |
      | B    | 2026-01-20 | 1        | estimated |
      | B    | 2026-01-21 | 1        | estimated |
      | B    | 2026-01-22 | 1        | estimated |
      | X    | 2026-01-17 | 3        | estimated |
      | X    | 2026-01-18 | 5        | estimated |
      | X    | 2026-01-26 | 1        | estimated |
      | X    | 2026-01-27 | 1        | estimated |
    And these adjustments are made
      | name                  | form    | facts | units |
      | sold-under-old-number | replace | 1     | 4     |
      | sold-as-kit           | replace | 1     | 9     |
      | week-reported         | split   | 4     | 19    |
    And "R2" is told to be "replaced by 2 of pos-sale: A 6, B 3"
    And the journal posts
      | account | debit  | credit |
      | 1210    | 390.00 | 0      |
      | 2310    | 149.00 | 390.00 |
      | 4010    | 0      | 149.00 |
