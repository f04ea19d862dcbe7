Feature: Another value in the place of a count, by two people
  A partner counted wrong, and the file cannot be had again before the close. Somebody puts the right count in its place, with
  a reason and a comment; somebody else, whose role covers what the row is worth, approves it. The run then takes the value
  as it takes a file's, nobody edits a result, and whoever looks at a line of the journal sees who said what. The period
  after begins without it.

  Background: Two shelves, both counted wrong
    A hundred units at 10.00 were delivered to ACME, which counts 40: 60 are missing, worth 600.00. Three hundred were
    delivered to BOLT, which counts 100: 200 are missing, worth 2,000.00. Less than 100.00 counts as sold and is charged
    at the list price; more is looked into, so nothing posts yet.

    Given shelves counted by their partners
    And the partners ACME, BOLT
    And these parts
      | part | list price |
      | X    | 10         |
    And these deliveries
      | number | date       | partner | part | quantity |
      | 1      | 2026-01-05 | ACME    | X    | 100      |
      | 2      | 2026-01-06 | BOLT    | X    | 300      |
    And these counts
      | partner | part | date       | quantity |
      | ACME    | X    | 2026-01-31 | 40       |
      | BOLT    | X    | 2026-01-31 | 100      |
    And people who work on these books
      | person | roles                                |
      | ruth   | rule-author                          |
      | otto   | rule-approver                        |
      | ana    | preparer                             |
      | ben    | preparer, reviewer, shelf-analyst    |
      | cleo   | controller, shelf-controller         |
    And ana brings in what is known on 2026-02-03
    And ana makes a trial of FY2026-P01

  Scenario: A count is overridden, approved by another within the limit, and shown behind the line it led to
    A second count finds 98 units at ACME. Two are missing, worth 2 x 10.00 = 20.00, which is little: they count as sold.
    The row is worth 600.00 without the override and 20.00 with it; the greater must be within the limit of who approves,
    and a shelf analyst may override up to 1,000.00.

    Then nothing is posted
    When ana overrides shelf-count of ACME, X in FY2026-P01: reported is 98, "recount", "two boxes in the next bay"
    Then the row would become
      | column    | before    | after  |
      | expected  | 100       | 100    |
      | reported  | 40        | 98     |
      | variance  | -60       | -2     |
      | value     | -600.00   | -20.00 |
      | severity  | high      | low    |
      | treatment | look-into | charge |
      | approver  | shelf-controller | missing |
    And the accounts would change by
      | account | difference |
      | 1210    | 20.00      |
      | 4010    | 20.00      |
    And ana cannot approve it: "ana may not do this, which is for a reviewer or a controller"
    When ben approves it with the comment "counted with ACME by phone"
    Then asking ana and ben again changes nothing
    When ana makes a trial of FY2026-P01
    Then the journal posts
      | account | debit | credit |
      | 1210    | 20.00 | 0.00   |
      | 4010    | 0.00  | 20.00  |
    And the overrides in force are
      | where        | column   | was | value | unit  | reason  | proposed by | approved by | role          |
      | OWN, ACME, X | reported | 40  | 98    | units | recount | ana         | ben         | shelf-analyst |
    And behind "credit Product revenue" stands the override of ana, approved by ben: "two boxes in the next bay"
    When ana makes a trial of FY2026-P02
    Then no override is in force
    And the books are whole

  Scenario: Over the limit, by his own hand, and changed after it was approved: each is refused or void
    BOLT's row is worth 2,000.00, over what a shelf analyst may override, and a shelf controller must be given evidence. Who
    changes a proposal has proposed it too, and so has who proposed what it stands in the place of.

    When ana overrides shelf-count of BOLT, X in FY2026-P01: reported is 295, "recount", "the back room was left out"
    Then ben cannot approve it: "no role of ben may override shelf-count for a row worth 2000 USD"
    And cleo cannot approve it: "no role of cleo may override shelf-count for a row worth 2000 USD"
    When ben changes it to reported is 297, on the evidence of a file, "recount", "back room counted, list of 2 February"
    Then ben cannot approve it: "ben proposed"
    When cleo approves it with the comment "list seen"
    Then the overrides of FY2026-P01 are
      | value | state    |
      | 295   | replaced |
      | 297   | approved |
    When ana changes it to reported is 296, on the evidence of a file, "recount", "one unit was broken"
    Then the overrides of FY2026-P01 are
      | value | state    |
      | 295   | replaced |
      | 297   | replaced |
      | 296   | proposed |
    And these proposals are refused
      | override                                  | because                                                |
      | partner=CRUX part=X reported=1            | has no row with partner=CRUX, part=X                   |
      | part=X reported=1                         | 2 rows of shelf-count have part=X; say company and partner too |
      | partner=ACME part=X expected=1            | expected follows from the facts                        |
      | partner=ACME part=X reported=many         | `many` is no number of units                           |
      | partner=ACME part=X reported=-1           | less than nothing                                      |
      | partner=ACME part=X reported='5 boxes'    | reported is in units, not in boxes                     |
      | partner=ACME part=X treatment=forget      | treatment is one of wait, charge, look-into            |
      | partner=ACME part=X                       | names no value                                         |
